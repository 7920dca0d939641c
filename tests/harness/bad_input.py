"""Bad input, generated from the contract (api/openapi.yaml): for each operation every way in which what it takes can be
wrong in form. Each case starts from input of the right form about objects that do not exist and breaks one thing: were
the fault let through, the answer would be 2xx, 404 or name another field. The contract is read here anew, not through
tools/apigen, so that a mistake of the generator is not repeated by its test."""
import copy
import json
import os
import re
from dataclasses import dataclass, field

import yaml

from harness.instance import ROOT

FORM = (400, 422)  # cannot be read; read and refused
METHODS = ('get', 'post', 'put', 'patch', 'delete')
DEPTH = 40  # over codec/json.h: JSON_DEPTH_MAX
LONE_SURROGATE, NUL, NOT_UTF8 = rb'"\ud800"', rb'"a\u0000b"', b'"\xff\xfe"'
# What a property may say. One more means that the generator below has to learn it first.
KEYWORDS = {'type', 'enum', 'pattern', 'format', 'minLength', 'maxLength', 'minimum', 'maximum', 'minItems', 'maxItems', 'items',
            'properties', 'required', 'additionalProperties', 'default', 'description', 'x-id', 'x-text', 'x-secret'}


class Raw(bytes):
    """A piece of JSON text, well-formed or not, put into a document as it is."""


class Members(list):
    """An object as (name, value) pairs, so that a name can come twice."""


@dataclass
class Case:
    """One call and what its refusal must say. field None: it names none, or nobody can know which."""
    name: str
    method: str
    target: str
    body: bytes = None
    content_type: str = 'application/json'
    statuses: tuple = FORM
    field: str = None
    kind: str = 'problem'  # problem (SCIM: its error); gate: nginx's own; or what an answer in another format must be


@dataclass
class Operation:
    name: str
    method: str
    path: str
    node: dict
    parameters: list
    body: dict = None  # schema of a JSON body
    raw: str = None    # content type of a body that is not JSON; the first of several
    body_max: int = 0
    cases: list = field(default_factory=list)

    @property
    def permission(self):
        return self.node.get('x-permission')


class Contract:
    def __init__(self):
        with open(os.path.join(ROOT, 'api', 'openapi.yaml')) as f:
            self.document = yaml.safe_load(f)
        with open(os.path.join(ROOT, 'src', 'base', 'id.h')) as f:
            self.prefixes = dict(re.findall(r'X\((\w+), "(\w+)"\)', f.read()))

    def resolve(self, node):
        if '$ref' not in node:
            return node
        target = self.document
        for part in node['$ref'].removeprefix('#/').split('/'):
            target = target[part]
        return {**target, **{k: v for k, v in node.items() if k != '$ref'}}

    def operations(self):
        for path, item in self.document['paths'].items():
            shared = item.get('parameters', [])
            for method in METHODS:
                if method in item:
                    yield self.operation(path, method, item[method], shared)

    def operation(self, path, method, node, shared):
        made = Operation(node['operationId'], method.upper(), path, node,
                         [self.resolve(p) for p in [*shared, *node.get('parameters', [])]], body_max=node['x-body-max'])
        made.raw = node.get('x-raw', {}).get('request', '').split(', ')[0] or None
        if not made.raw and 'requestBody' in node:
            made.body = self.resolve(node['requestBody']['content']['application/json']['schema'])
        return made

    # input of the right form

    def good(self, node):
        node = self.resolve(node)
        unknown = set(node) - KEYWORDS
        assert not unknown, f'bad_input.py has to learn {sorted(unknown)} of the contract'
        kind = node['type']
        if kind == 'object':
            return {name: self.good(child) for name, child in node.get('properties', {}).items()}
        if kind == 'array':
            return [self.good(node['items'])] * max(1, node.get('minItems', 0))
        if kind == 'integer':
            return max(node['minimum'], min(node['maximum'], 1))
        return False if kind == 'boolean' else self.good_text(node)

    def good_text(self, node):
        if 'enum' in node:
            return node['enum'][0]
        if 'x-id' in node:
            return self.prefixes[node['x-id']] + '_' + '0' * 26
        if node.get('format') == 'date-time':
            return '2026-01-31T23:59:59Z'
        text = sample(node['pattern']) if 'pattern' in node else 'a' * max(1, node.get('minLength', 0))
        assert node.get('minLength', 0) <= len(text) <= node['maxLength'], (node, text)
        return text

    # values of the wrong form: (what is wrong, value). A value that is Raw is broken JSON.

    def bad_values(self, node):
        node = self.resolve(node)
        kind = node['type']
        others = {'null': None, 'number': 7, 'float': 1.5, 'true': True, 'text': 'x', 'array': [], 'object': {}}
        own = {'string': {'text'}, 'integer': {'number'}, 'boolean': {'true'}, 'array': {'array'}, 'object': {'object'}}[kind]
        yield from ((f'is {name}', value) for name, value in others.items() if name not in own)
        yield from getattr(self, 'bad_' + kind)(node)

    def bad_string(self, node):
        yield 'holds NUL', Raw(NUL)
        yield 'holds a lone surrogate', Raw(LONE_SURROGATE)
        yield 'is not UTF-8', Raw(NOT_UTF8)
        yield from self.bad_text(node)

    def bad_text(self, node):
        """Texts that are wrong wherever they stand, in a body or in an address."""
        if 'enum' in node:
            yield 'is no word of the list', 'no-such-word'
            yield 'is empty', ''
            yield 'is of another case', node['enum'][0].swapcase()
            return
        yield 'is too long', 'a' * (node['maxLength'] + 1)
        if 'x-id' in node:
            yield from self.bad_ids(node)
        elif node.get('format') == 'date-time':
            for text in ('', 'yesterday', '2026-01-31', '2026-13-01T00:00:00Z', '2026-02-30T00:00:00Z', '2026-01-31T25:00:00Z',
                         '2026-01-31T23:59:59', '9999999-01-31T23:59:59Z'):
                yield f'is the time {text!r}', text
        elif 'pattern' in node:
            yield 'misses the pattern', break_pattern(self.good_text(node), node)
            yield 'has a line feed at its end', self.good_text(node)[:node['maxLength'] - 1] + '\n'
        else:
            yield from bad_free_text(node)

    def bad_ids(self, node):
        good = self.good_text(node)
        other = next(p for p in self.prefixes.values() if p != good[:3])
        for what, text in (('of another type', other + good[3:]), ('too short', good[:-1]), ('too long by one', good + '0'),
                           ('in capitals', good.upper()), ('over 128 bits', good[:4] + 'z' * 26), ('without a prefix', good[4:]),
                           ('with a letter that is none', good[:-1] + 'u'), ('empty', '')):
            yield f'is an identifier {what}', text

    def bad_integer(self, node):
        yield 'is a whole number as text', '7'
        yield from ((f'is {text}', Raw(text.encode())) for text in
                    ('1e400', '99999999999999999999', '-99999999999999999999', '01', '+1', '0x1', 'NaN', '1.0'))
        yield 'is under its minimum', node['minimum'] - 1
        yield 'is over its maximum', node['maximum'] + 1

    def bad_boolean(self, node):
        yield 'is a word', 'true'

    def bad_array(self, node):
        yield 'has too many items', [self.good(node['items'])] * (node['maxItems'] + 1)
        if node.get('minItems'):
            yield 'has too few items', [self.good(node['items'])] * (node['minItems'] - 1)

    def bad_object(self, node):
        return ()

    # documents with one thing wrong: (what, document, field)

    def bad_documents(self, node):
        """Every fault of every place of an object's document."""
        document = self.good(node)
        for path, child, needed in self.places(node, ()):
            at = pointer(path)
            for what, value in self.bad_values(child) if path else ():
                yield f'{at} {what}', put(document, path, value), at
            if needed:
                yield f'{at} is missing', put(document, path, None, drop=True), at
            child = self.resolve(child)
            if child['type'] == 'object':
                inside = get(document, path)
                for what, unknown, shown in UNKNOWN_NAMES:
                    yield (f'{at} has an unknown member{what}', put(document, path, {**inside, unknown: 1}),
                           None if shown is None else pointer((*path, shown)))
                for name in inside:
                    twice = Members([*inside.items(), (name, inside[name])])
                    yield f'{at} has {name} twice', put(document, path, twice), pointer((*path, name))

    def places(self, node, path, needed=False):
        """(path, schema, required) of a document and everything in it; of a list the first item."""
        yield path, node, needed
        node = self.resolve(node)
        if node['type'] == 'object':
            for name, child in node.get('properties', {}).items():
                yield from self.places(child, (*path, name), name in node.get('required', []))
        elif node['type'] == 'array':
            yield from self.places(node['items'], (*path, 0))


# Names that nobody knows, and how a refusal shows them (RFC 6901 §3). None: cut, or with '?' for what a line cannot hold.
UNKNOWN_NAMES = (('', 'surprise', 'surprise'), (', empty', '', ''), (' with marks', 'a/b~c"d', 'a~1b~0c"d'), (', long', 'a' * 300, None),
                 (', cut in a character', '\U0001d518' * 60, None), (', cut in another', 'a' + '\u2603' * 80, None),
                 (' with control characters', 'a\u0085\u2028\u001b[2Jb', None))


def bad_free_text(node):
    if node.get('minLength'):
        yield 'is too short', 'a' * (node['minLength'] - 1)
    filler = 'a' * max(0, node.get('minLength', 0) - 1)
    for what, text in (('bell', '\u0007'), ('delete', '\u007f'), ('C1', '\u0085'), ('line separator', '\u2028')):
        yield f'holds the control character {what}', filler + text
    if node['x-text'] == 'line':
        yield 'holds a line feed', filler + '\n'


PART = re.compile(r'(\[[^]]+\]|[^][{}?*+])(?:\{(\d+)(?:,\d+)?\})?')
LETTERS = [chr(c) for c in [*range(ord('a'), ord('z') + 1), *range(0x21, 0x7f)]]


def sample(pattern):
    """A text of a pattern, in the small language of tools/apigen/pattern.py."""
    text = ''
    for part, count in PART.findall(pattern.removeprefix('^').removesuffix('$')):
        letter = next(c for c in LETTERS if re.fullmatch(part if part.startswith('[') else re.escape(part), c))
        text += letter * (int(count) if count else 1)
    assert re.fullmatch(pattern, text), (pattern, text)
    return text


def break_pattern(good, node):
    texts = [*(good[:-1] + c for c in (' ', '\u00e9', '!')), ' ' + good[1:]]
    return next(t for t in texts if not re.fullmatch(node['pattern'], t))


def pointer(path):
    return '/'.join(str(p) for p in path)


def get(document, path):
    for part in path:
        document = document[part]
    return document


def put(document, path, value, drop=False):
    if not path:
        return value
    document = copy.deepcopy(document)
    inside = get(document, path[:-1])
    if drop:
        del inside[path[-1]]
    else:
        inside[path[-1]] = value
    return document


def encode(value):
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, Members):
        return b'{' + b','.join(encode(n) + b':' + encode(v) for n, v in value) + b'}'
    if isinstance(value, dict):
        return encode(Members(value.items()))
    if isinstance(value, list):
        return b'[' + b','.join(map(encode, value)) + b']'
    return json.dumps(value).encode()


def percent(text):
    """Every octet escaped, so that nothing of a bad value is read as part of the address."""
    return ''.join(c if c.isascii() and c.isalnum() or c in '-_.' else ''.join(f'%{b:02X}' for b in c.encode()) for c in text)


def without(target, name):
    """The address without one parameter of its query."""
    path, _, query = target.partition('?')
    pieces = [piece for piece in query.split('&') if not piece.startswith(name + '=')]
    return path + ('?' + '&'.join(pieces) if pieces else '')


class Matrix:
    """The cases of every operation. known: identifiers that exist, by the name of the path parameter; only for operations
    whose body is not JSON, which look for the object before they read it."""

    def __init__(self, contract, known):
        self.contract, self.known = contract, known
        self.operations = list(contract.operations())
        for operation in self.operations:
            operation.cases = list(self.cases(operation))

    def path_values(self, operation):
        known = self.known if operation.raw else {}
        return {p['name']: known.get(p['name'], self.contract.good(p['schema'])) for p in operation.parameters if p['in'] == 'path'}

    def target(self, operation, query='', **values):
        """The address, with the required parameters of the query that query does not name."""
        filled = {**{n: percent(str(v)) for n, v in self.path_values(operation).items()}, **values}
        named = {piece.split('=')[0] for piece in query.split('&')}
        pieces = [query] if query else []
        pieces += [f'{p["name"]}={self.good_parameter(p)}' for p in operation.parameters
                   if p['in'] == 'query' and p.get('required') and p['name'] not in named]
        return operation.path.format(**filled) + ('?' + '&'.join(pieces) if pieces else '')

    def good_parameter(self, parameter):
        return percent(str(self.contract.good(parameter['schema'])).replace('False', 'false'))

    def good_body(self, operation):
        if operation.body is not None:
            return encode(self.contract.good(operation.body))
        return b'x' if operation.raw else None

    def cases(self, operation):
        def case(name, target=None, **more):
            more.setdefault('body', self.good_body(operation))
            more.setdefault('content_type', operation.raw or 'application/json')
            return Case(name, operation.method, target or self.target(operation), **more)
        yield from self.method_cases(operation)
        yield from self.path_cases(operation, case)
        yield from self.query_cases(operation, case)
        if operation.body is not None:
            yield from self.json_cases(operation, case)
        elif operation.raw:
            yield from self.raw_cases(operation, case)
        else:
            yield case('a body where none belongs', body=b'{}', statuses=(400, 413))

    def method_cases(self, operation):
        here = {other.method for other in self.operations if other.path == operation.path}
        for method in ('PUT', 'PATCH', 'DELETE', 'GET', 'POST', 'OPTIONS', 'SURPRISE'):
            if method not in here:
                yield Case(f'method {method}', method, self.target(operation), statuses=(405,))

    def path_cases(self, operation, case):
        for parameter in operation.parameters:
            name, node = parameter['name'], self.contract.resolve(parameter['schema'])
            if parameter['in'] != 'path':
                continue
            for what, text in self.bad_parameters(node):
                if text and text not in ('.', '..'):
                    yield case(f'{name} {what}', self.target(operation, **{name: percent(text)}), field=name)
            yield case(f'{name} is not UTF-8', self.target(operation, **{name: 'a%FF'}), field=name)
            yield case(f'{name} holds NUL', self.target(operation, **{name: 'a%00'}), kind='gate')
            yield case(f'{name} is badly escaped', self.target(operation, **{name: 'a%zz'}), kind='gate')

    def bad_parameters(self, node):
        """Wrong texts for a parameter in the address."""
        if node['type'] == 'integer':
            for text in ('', 'abc', '1.5', '+1', ' 1', '0x1', '1e3', '99999999999999999999', str(node['minimum'] - 1),
                         str(node['maximum'] + 1)):
                yield f'is {text!r}', text
        elif node['type'] == 'boolean':
            yield from ((f'is {text!r}', text) for text in ('', '1', 'yes', 'TRUE'))
        else:
            yield from self.contract.bad_text(node)

    def query_cases(self, operation, case):
        for parameter in operation.parameters:
            name, node = parameter['name'], self.contract.resolve(parameter['schema'])
            if parameter['in'] != 'query':
                continue
            good = self.good_parameter(parameter)
            if parameter.get('required'):
                yield case(f'?{name} is missing', without(self.target(operation), name), field=name)
            for what, text in self.bad_parameters(node):
                yield case(f'?{name} {what}', self.target(operation, f'{name}={percent(text)}'), field=name)
            yield case(f'?{name} comes twice', self.target(operation, f'{name}={good}&{name}={good}'), field=name)
            for what, text in (('is not UTF-8', '%FF'), ('holds NUL', 'a%00'), ('is badly escaped', '%zz'), ('is cut', '%a')):
                yield case(f'?{name} {what}', self.target(operation, f'{name}={text}'), field=name)
        if operation.node.get('x-raw', {}).get('query'):
            return  # read by the operation itself, which lets unknown ones pass: tests/unit/core/provisioning/test_query.c
        for what, unknown, shown in UNKNOWN_NAMES:
            if unknown:
                yield case(f'an unknown query parameter{what}', self.target(operation, percent(unknown) + '=1'), field=shown and unknown)
        yield case('a query without a value', self.target(operation, 'surprise'))
        yield case('a query without a name', self.target(operation, '=1'))
        yield case('too many query parameters', self.target(operation, '&'.join(f'p{i}=1' for i in range(100))))

    def json_cases(self, operation, case):
        good = self.good_body(operation)
        yield from self.content_types(case, 'application/json')
        for what, body in (('empty', b''), ('blank', b'  '), ('no JSON', b'hello'), ('cut', good[:-1]), ('two documents', good + b'{}'),
                           ('followed by more', good + b'x'), ('led by a byte order mark', b'\xef\xbb\xbf' + good),
                           ('an array', b'[]'), ('an array around it', b'[' + good + b']'), ('a string', b'"x"'), ('null', b'null'),
                           ('a number', b'7'), ('true', b'true'), ('UTF-16', good.decode().encode('utf-16')),
                           ('an object without quotes', b'{a: 1}'), ('an array that nests too deep', b'[' * DEPTH + b']' * DEPTH),
                           ('an object that nests too deep', b'{"a":' * DEPTH + b'1' + b'}' * DEPTH)):
            yield case(f'body is {what}', body=body)
        yield case('body is too large', body=good + b' ' * (operation.body_max + 1 - len(good)), statuses=(413,))
        for what, document, at in self.contract.bad_documents(operation.body):
            body = encode(document)
            if len(body) > operation.body_max:
                yield case(what, body=body, statuses=(413,))
            else:
                yield case(what, body=body, field=at)

    def content_types(self, case, good):
        for kind in ('text/plain', 'application/x-www-form-urlencoded' if 'form' not in good else 'application/json', 'multipart/form-data; boundary=x',
                     good + 'x', '', 'json'):
            yield case(f'content type is {kind!r}', content_type=kind, statuses=(415,))

    # By content type: how an operation with its own format refuses bytes that are none of it.
    RAW_ANSWERS = {'application/ocsp-request': 'ocsp', 'application/jose+json': 'acme', 'application/x-www-form-urlencoded': 'page',
                   'application/scim+json': 'problem', 'application/json': 'problem'}

    def raw_cases(self, operation, case):
        yield from self.content_types(case, operation.raw)
        yield case('body is too large', body=b'x' * (operation.body_max + 1), statuses=(413,))
        for what, body in (('empty', b''), ('zeros', bytes(64)), ('text', b'hello'), ('null', b'null'), ('an array', b'[]'),
                           ('an empty object', b'{}'), ('a number', b'7'), ('nested', b'[' * 1000), ('not UTF-8', b'a=\xff&b=%ff'),
                           ('DER that ends early', bytes.fromhex('308201ff')), ('one name twice', b'a=1&a=2')):
            yield case(f'body is {what}', body=body, kind=self.RAW_ANSWERS[operation.raw])
