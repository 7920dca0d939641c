"""A DNS server for tests, on loopback, that can lie: any record data, DNSSEC signatures good and bad, silence, errors,
answers that change. UDP and TCP on one port. It answers recursively, as a forwarder's target does."""
import os
import socket
import struct
import subprocess
import tempfile
import threading
import time

A, NS, CNAME, SOA, TXT, AAAA, RRSIG, DNSKEY, CAA = 1, 2, 5, 6, 16, 28, 46, 48, 257


def wire_name(name):
    labels = [label.encode() for label in name.strip('.').split('.') if label]
    return b''.join(bytes([len(label)]) + label for label in labels) + b'\0'


def txt(text):
    data = text.encode()
    return b''.join(bytes([len(data[i:i + 255])]) + data[i:i + 255] for i in range(0, max(len(data), 1), 255))


def caa(tag, value, flags=0):
    return bytes([flags, len(tag)]) + tag.encode() + value.encode()


def address(text):
    return socket.inet_pton(socket.AF_INET6 if ':' in text else socket.AF_INET, text)


class Signer:
    """ECDSA P-256 (RFC 6605) over one zone; openssl signs."""

    def __init__(self, zone):
        self.zone, self.folder = zone, tempfile.mkdtemp(prefix='cx-dnssec-')
        self.key = os.path.join(self.folder, 'key.pem')
        subprocess.run(['openssl', 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', self.key], check=True)
        der = subprocess.run(['openssl', 'ec', '-in', self.key, '-pubout', '-outform', 'DER'], check=True,
                             capture_output=True).stdout
        self.dnskey = struct.pack('>HBB', 257, 3, 13) + der[-64:]
        total = sum(byte << 8 if i % 2 == 0 else byte for i, byte in enumerate(self.dnskey))
        self.tag = (total + (total >> 16)) & 0xffff

    def anchor(self):
        """The zone's key as a line of a trust anchor file."""
        import base64
        return f'{self.zone}. IN DNSKEY 257 3 13 {base64.b64encode(self.dnskey[4:]).decode()}\n'

    def sign(self, name, kind, ttl, rdatas, spoil=False):
        now = int(time.time())
        head = struct.pack('>HBBIIIH', kind, 13, len(name.strip('.').split('.')), ttl, now + 86400, now - 3600,
                           self.tag) + wire_name(self.zone)
        owner = wire_name(name)
        data = head + b''.join(owner + struct.pack('>HHIH', kind, 1, ttl, len(r)) + r for r in sorted(rdatas))
        der = subprocess.run(['openssl', 'dgst', '-sha256', '-sign', self.key], input=data, check=True,
                             capture_output=True).stdout
        numbers, at = [], 2
        for _ in range(2):
            length = der[at + 1]
            numbers.append(der[at + 2:at + 2 + length].lstrip(b'\0').rjust(32, b'\0'))
            at += 2 + length
        signature = b''.join(numbers)
        return head + (bytes([signature[0] ^ 1]) + signature[1:] if spoil else signature)


class Server:
    """records: {(name, type): [rdata, …] or a callable that gives them}. A name with any record exists."""

    def __init__(self, records=None, signer=None):
        self.records, self.signer = dict(records or {}), signer
        self.spoil, self.rcode, self.silent, self.queries = False, {}, set(), []
        self.udp, self.tcp = self.bind_both()
        self.port = self.udp.getsockname()[1]
        for work in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=work, daemon=True).start()

    @staticmethod
    def bind_both():
        """One port that is free for both protocols."""
        while True:
            tcp = socket.create_server(('127.0.0.1', 0))
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                udp.bind(tcp.getsockname())
                return udp, tcp
            except OSError:
                tcp.close()
                udp.close()

    @property
    def resolver(self):
        return f'127.0.0.1@{self.port}'

    def close(self):
        self.udp.close()
        self.tcp.close()

    def serve_udp(self):
        while True:
            try:
                packet, peer = self.udp.recvfrom(4096)
                answer = self.answer(packet)
                if answer:
                    if len(answer) > 1200:  # truncated: come again by TCP
                        answer = answer[:2] + bytes([answer[2] | 2]) + answer[3:6] + b'\0' * 6 + answer[12:self.end]
                    self.udp.sendto(answer, peer)
            except OSError:
                return

    def serve_tcp(self):
        while True:
            try:
                peer, _ = self.tcp.accept()
            except OSError:
                return
            with peer:
                try:
                    size = struct.unpack('>H', peer.recv(2, socket.MSG_WAITALL))[0]
                    answer = self.answer(peer.recv(size, socket.MSG_WAITALL))
                    peer.sendall(struct.pack('>H', len(answer)) + answer)
                except (OSError, struct.error, TypeError):
                    pass

    def lookup(self, name, kind):
        found = self.records.get((name, kind))
        return found() if callable(found) else found

    def rrset(self, name, kind, rdatas):
        entries = [(name, kind, r) for r in rdatas]
        if self.signer:
            entries.append((name, RRSIG, self.signer.sign(name, kind, 60, rdatas, self.spoil)))
        return entries

    def answer(self, packet):
        at, labels = 12, []
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode().lower())
            at += 1 + packet[at]
        kind, self.end = struct.unpack('>H', packet[at + 1:at + 3])[0], at + 5
        name = '.'.join(labels)
        self.queries.append((name, kind))
        if name in self.silent:
            return None
        entries, rcode, target = [], self.rcode.get(name, 0), name
        for _ in range(8):
            alias = self.lookup(target, CNAME)
            if not alias:
                break
            entries += self.rrset(target, CNAME, [wire_name(alias)])
            target = alias
        found = self.lookup(target, kind)
        if self.signer and target == self.signer.zone and kind == DNSKEY:
            found = [self.signer.dnskey]
        if found:
            entries += self.rrset(target, kind, found)
        elif not rcode and not any(known == target for known, _ in self.records):
            rcode = 3
        body = b''.join(wire_name(n) + struct.pack('>HHIH', k, 1, 60, len(r)) + r for n, k, r in entries)
        flags = 0x8180 | rcode
        return packet[:2] + struct.pack('>HHHHH', flags, 1, len(entries), 0, 0) + packet[12:self.end] + body
