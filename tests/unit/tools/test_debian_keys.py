#!/usr/bin/python3
"""test_debian_keys.py PROGRAM LIST: tools/debian-keys makes the nine RSA-2048 keys of process 32767 that are published
(as the SHA-1 of the sorted SHA-1 digests of their moduli, as openssl-vulnkey wrote them), and data/debian-keys.bin
holds them, is in order and counts as many keys as its head says."""
import hashlib
import re
import subprocess
import sys
import unittest

PROGRAM, LIST = sys.argv[1:3]
PUBLISHED = '2a910e906624766546114d300ca6b671c7acc08c'


def made():
    lines = subprocess.run([PROGRAM, '2048', '32767', '32767', '9'], check=True, capture_output=True, text=True).stdout
    return sorted(line.split() for line in lines.splitlines())


class DebianKeys(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keys = made()
        with open(LIST, 'rb') as file:
            head, table = file.read().split(b'\nCXMODS1\n', 1)
        cls.head = head.decode()
        cls.digests = [table[at:at + 8] for at in range(0, len(table), 8)]

    def test_the_published_keys_come_out(self):
        self.assertEqual([key[:2] for key in self.keys], [['32767', str(variant)] for variant in range(9)])
        digests = sorted(hashlib.sha1(f'Modulus={key[2]}\n'.encode()).hexdigest() for key in self.keys)
        self.assertEqual(hashlib.sha1(''.join(d + '\n' for d in digests).encode()).hexdigest(), PUBLISHED)

    def test_the_list_holds_them(self):
        held = set(self.digests)
        for _, _, modulus in self.keys:
            self.assertIn(hashlib.sha256(bytes.fromhex(modulus)).digest()[:8], held)

    def test_the_list_is_what_its_head_says(self):
        self.assertEqual(self.digests, sorted(set(self.digests)))
        self.assertEqual({len(digest) for digest in self.digests}, {8})
        self.assertEqual(len(self.digests), int(re.search(r'Keys: (\d+)\.', self.head).group(1)))

    def test_bad_arguments_are_refused(self):
        for arguments in ([], ['2048', '1', '1'], ['1024', '1', '1', '9'], ['2048', '2', '1', '9'],
                          ['2048', '1', '32768', '9'], ['2048', '1', '1', '0'], ['2048', '1', '1', '10']):
            done = subprocess.run([PROGRAM, *arguments], capture_output=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, b''), arguments)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
