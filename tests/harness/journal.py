"""A second reader of the keys process's journal (src/keys/journal_record.h), for checkers that must not trust the first."""
import glob
import hashlib
import os
import struct

HEADER = struct.Struct('<IIQQqI')
MAGIC = 0x314a5843
INTENDED, SIGNED, ABANDONED, SETTLED, CRL, CHECKPOINT, RESPONDER = range(1, 8)
SEGMENT_HEADER = 56


class Damaged(Exception):
    pass


def sized(body, at):
    length, = struct.unpack_from('<I', body, at)
    return body[at + 4:at + 4 + length], at + 4 + length


def records(folder):
    """(type, body) of every whole record, the hash chain checked. A torn tail of the last segment ends the reading; damage
    anywhere else raises."""
    paths = sorted(glob.glob(os.path.join(folder, '[0-9]*.log')))
    chain, sequence = b'\0' * 32, None
    for number, path in enumerate(paths):
        with open(path, 'rb') as f:
            data = f.read()
        if data[:8] != b'CXJRNL1\n' or struct.unpack_from('<Q', data, 8)[0] != number + 1:
            raise Damaged(f'{path}: not segment {number + 1}')
        if number and data[24:SEGMENT_HEADER] != chain:
            raise Damaged(f'{path}: does not follow the segment before')
        chain, at = data[24:SEGMENT_HEADER], SEGMENT_HEADER
        while at < len(data):
            frame = data[at:]
            whole = len(frame) >= HEADER.size
            if whole:
                magic, length, seq, _, _, kind = HEADER.unpack_from(frame)
                whole = magic == MAGIC and len(frame) >= HEADER.size + length + 32
            if whole:
                end = HEADER.size + length
                whole = hashlib.sha256(chain + frame[:end]).digest() == frame[end:end + 32]
            if not whole:
                if number == len(paths) - 1:
                    return  # torn tail, or space that was preallocated
                raise Damaged(f'{path}: damaged at {at}')
            if sequence is not None and seq != sequence + 1:
                raise Damaged(f'{path}: sequence {seq} after {sequence}')
            sequence, chain = seq, frame[end:end + 32]
            yield kind, frame[HEADER.size:end]
            at += end + 32


def summary(folder):
    """What was signed: {intent id: SHA-256 of the certificate}, the intents that were abandoned, and per (issuer, shard) the CRL
    numbers in order."""
    signed, abandoned, settled, crl = {}, set(), set(), {}
    for kind, body in records(folder):
        if kind == SIGNED:
            der, _ = sized(body, 16)
            if signed.setdefault(body[:16], hashlib.sha256(der).hexdigest()) != hashlib.sha256(der).hexdigest():
                raise Damaged('one intent, two certificates')
        elif kind == ABANDONED:
            abandoned.add(body[:16])
        elif kind == SETTLED:
            settled.add(body[:16])
        elif kind == CRL:
            shard, number = struct.unpack_from('<IQ', body, 16)
            crl.setdefault((body[:16], shard), []).append(number)
    return {'signed': signed, 'abandoned': abandoned, 'settled': settled, 'crl': crl}
