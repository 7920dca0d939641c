"""A strict little DER reader, written apart from the product's, for conformance tests."""
from datetime import datetime, timezone


class Node:
    """tag: the identifier octet; value: content octets; raw: the whole encoding."""

    def __init__(self, tag, value, raw):
        self.tag, self.value, self.raw = tag, value, raw

    def children(self):
        assert self.tag & 0x20, f'tag {self.tag:#x} is primitive'
        found, at = [], 0
        while at < len(self.value):
            node, at = read(self.value, at)
            found.append(node)
        return found

    def __getitem__(self, index):
        return self.children()[index]

    def integer(self):
        assert self.tag == 0x02 and self.value
        assert len(self.value) == 1 or not (self.value[0] == 0 and self.value[1] < 0x80 or
                                            self.value[0] == 0xff and self.value[1] >= 0x80), 'INTEGER not minimal'
        return int.from_bytes(self.value, 'big', signed=True)

    def oid(self):
        assert self.tag == 0x06
        arcs, value = [], 0
        for octet in self.value:
            value = value << 7 | octet & 0x7f
            if not octet & 0x80:
                arcs.append(value)
                value = 0
        first = min(arcs[0] // 40, 2)
        return '.'.join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]]))

    def bits(self):
        """Numbers of the set bits of a BIT STRING; named bit lists must have no trailing zero bits in DER."""
        assert self.tag == 0x03
        unused, octets = self.value[0], self.value[1:]
        if octets:
            assert octets[-1] & (1 << unused), 'trailing zero bits in a named bit list'
        return {8 * i + b for i, octet in enumerate(octets) for b in range(8) if octet & (0x80 >> b)}

    def time(self):
        """RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime after; Z, seconds, no fraction."""
        text = self.value.decode('ascii')
        if self.tag == 0x17:
            assert len(text) == 13 and text.endswith('Z'), text
            year = int(text[:2])
            text = ('19' if year >= 50 else '20') + text
        else:
            assert self.tag == 0x18 and len(text) == 15 and text.endswith('Z'), text
        return datetime.strptime(text, '%Y%m%d%H%M%SZ').replace(tzinfo=timezone.utc)


def read(data, at=0):
    start = at
    tag, length = data[at], data[at + 1]
    assert tag & 0x1f != 0x1f, 'long tags are not used in X.509'
    at += 2
    if length & 0x80:
        count = length & 0x7f
        assert 1 <= count <= 4 and data[at] != 0, 'length not minimal'
        length = int.from_bytes(data[at:at + count], 'big')
        assert length >= 0x80, 'length not minimal'
        at += count
    assert at + length <= len(data), 'length beyond the end'
    return Node(tag, data[at:at + length], data[start:at + length]), at + length


def parse(data):
    node, end = read(data)
    assert end == len(data), 'trailing bytes'
    return node


def extensions(node):
    """{oid: (critical, content node)} of a SEQUENCE OF Extension; critical FALSE must not be encoded (DER)."""
    found = {}
    for extension in node.children():
        parts = extension.children()
        critical = False
        if parts[1].tag == 0x01:
            assert parts[1].value == b'\xff', 'BOOLEAN TRUE is FF in DER and FALSE is left out as the default'
            critical = True
        assert parts[-1].tag == 0x04
        oid = parts[0].oid()
        assert oid not in found, f'extension {oid} twice'
        found[oid] = (critical, parse(parts[-1].value))
    return found


class Certificate:
    def __init__(self, data):
        top = parse(data)
        self.tbs, self.algorithm, self.signature = top.children()
        parts = self.tbs.children()
        self.version = None
        if parts[0].tag == 0xa0:
            self.version = parts.pop(0)[0].integer()
        (self.serial, self.inner_algorithm, self.issuer, self.validity, self.subject, self.spki) = parts[:6]
        self.rest = parts[6:]
        self.extensions = extensions(self.rest[-1][0]) if self.rest and self.rest[-1].tag == 0xa3 else {}


class Crl:
    def __init__(self, data):
        top = parse(data)
        self.tbs, self.algorithm, self.signature = top.children()
        parts = self.tbs.children()
        self.version = parts.pop(0).integer() if parts[0].tag == 0x02 else None
        self.inner_algorithm, self.issuer, self.this_update = parts[:3]
        parts = parts[3:]
        self.next_update = parts.pop(0) if parts and parts[0].tag in (0x17, 0x18) else None
        self.revoked = parts.pop(0) if parts and parts[0].tag == 0x30 else None
        self.extensions = extensions(parts[0][0]) if parts and parts[0].tag == 0xa0 else {}


class OcspResponse:
    def __init__(self, data):
        top = parse(data)
        parts = top.children()
        assert parts[0].tag == 0x0a
        self.status = parts[0].value[0]
        self.basic = None
        if len(parts) > 1:
            kind, octets = parts[1][0].children()
            assert kind.oid() == '1.3.6.1.5.5.7.48.1.1'
            self.basic = parse(octets.value)
            pieces = self.basic.children()
            self.data, self.algorithm, self.signature = pieces[:3]
            self.certificates = [Certificate(c.raw) for c in pieces[3][0].children()] if len(pieces) > 3 else []
            fields = self.data.children()
            self.version = fields.pop(0)[0].integer() if fields[0].tag == 0xa0 else None
            self.responder, self.produced, self.responses = fields[:3]
            self.extensions = extensions(fields[3][0]) if len(fields) > 3 else {}
