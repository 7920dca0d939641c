"""Malformed, oversized, duplicate-keyed, deeply nested, wrongly typed and non-UTF-8 input: 400, 413 or 422 with the field;
nothing stored, nothing signed, the processes alive."""
import json

import pytest

from harness import bad_input, pki
from harness.scim import ERROR, Directory

GOOD = {'certificate_profile': 'server-tls', 'csr': 'x'}


@pytest.fixture(scope='module')
def before(instance):
    instance.people()
    return {'pids': {n: p['pid'] for n, p in instance.roles().items()}}


def post(people, raw, **options):
    return people['requester'].post('/v1/requests', raw=raw, **options)


def counts(instance):
    """What people asked for; the system's own (OCSP responders) come when they come."""
    return [len([row for row in instance.admin.pages(path) if 'requester_id' in row])
            for path in ('/v1/requests', '/v1/certificates')]


RAW = [
    ('empty', b'', {400}, None),
    ('not json', b'hello', {400}, None),
    ('truncated', b'{"certificate_profile": "server-tls"', {400}, None),
    ('trailing bytes', b'{"certificate_profile": "server-tls", "csr": "x"} {}', {400}, None),
    ('two documents', b'{}{}', {400}, None),
    ('array', b'[]', {400, 422}, None),
    ('scalar', b'7', {400, 422}, None),
    ('duplicate key', b'{"certificate_profile": "server-tls", "certificate_profile": "x", "csr": "y"}', {400}, 'certificate_profile'),
    ('duplicate key, escaped', b'{"csr": "x", "c\\u0073r": "y", "certificate_profile": "z"}', {400}, None),
    ('unknown key', b'{"certificate_profile": "server-tls", "csr": "x", "surprise": 1}', {400, 422}, 'surprise'),
    ('wrong type', b'{"certificate_profile": 7, "csr": "x"}', {400, 422}, 'certificate_profile'),
    ('null', b'{"certificate_profile": null, "csr": "x"}', {400, 422}, 'certificate_profile'),
    ('bool as number', b'{"certificate_profile": "server-tls", "csr": "x", "validity_days": true}', {400, 422}, 'validity_days'),
    ('float', b'{"certificate_profile": "server-tls", "csr": "x", "validity_days": 1.5}', {400, 422}, 'validity_days'),
    ('huge number', b'{"certificate_profile": "server-tls", "csr": "x", "validity_days": 1e400}', {400, 422}, None),
    ('over 64 bits', b'{"certificate_profile": "server-tls", "csr": "x", "validity_days": 99999999999999999999}', {400, 422}, None),
    ('negative', b'{"certificate_profile": "server-tls", "csr": "x", "validity_days": -1}', {400, 422}, 'validity_days'),
    ('nested', b'{"certificate_profile": ' + b'[' * 2000 + b']' * 2000 + b'}', {400, 422}, None),
    ('nested objects', b'{"a":' * 40 + b'1' + b'}' * 40, {400, 422}, None),
    ('not utf-8', b'{"certificate_profile": "\xff\xfe", "csr": "x"}', {400}, None),
    ('overlong utf-8', b'{"certificate_profile": "\xc0\xaf", "csr": "x"}', {400}, None),
    ('surrogate', b'{"certificate_profile": "server-tls", "csr": "x", "comment": "\\ud800"}', {400}, None),
    ('NUL in a string', b'{"certificate_profile": "server-tls\\u0000x", "csr": "x"}', {400, 422}, None),
    ('long string', json.dumps({**GOOD, 'comment': 'c' * 1001}).encode(), {400, 422}, 'comment'),
    ('control character', json.dumps({**GOOD, 'comment': 'a\u0007b'}).encode(), {400, 422}, 'comment'),
    ('too many names', json.dumps({**GOOD, 'names': [{'kind': 'dns', 'value': 'a.example.org'}] * 101}).encode(), {400, 422}, 'names'),
    ('nested wrong type', json.dumps({**GOOD, 'names': [{'kind': 'dns', 'value': 'a.org'}, {'kind': 7, 'value': 'x'}]}).encode(),
     {400, 422}, 'names/1/kind'),
    ('byte order mark', b'\xef\xbb\xbf{"certificate_profile": "server-tls", "csr": "x"}', {400}, None),
]


@pytest.mark.parametrize('raw,statuses,field', [pytest.param(*r[1:], id=r[0]) for r in RAW])
def test_refused_and_nothing_stored(instance, people, before, raw, statuses, field):
    stored = counts(instance)
    answer = post(people, raw)
    assert answer.status in statuses, (answer.status, answer.body[:300])
    document = answer.problem(answer.status)
    if field:
        assert document.get('field') == field, document
    assert counts(instance) == stored
    assert {n: p['pid'] for n, p in instance.roles().items()} == before['pids']


def test_oversized_body(instance, people):
    """The contract's limit is checked before the body is read."""
    answer = post(people, json.dumps({**GOOD, 'comment': 'c' * 70000}).encode())
    assert answer.status == 413


def test_body_where_none_belongs(people):
    answer = people['requester'].post('/v1/requests/req_' + '0' * 26 + '/cancel', raw=b'{"x": 1}')
    assert answer.status in (400, 413)


@pytest.mark.parametrize('kind', ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
def test_wrong_content_type(people, kind):
    answer = post(people, json.dumps(GOOD).encode(), content_type=kind)
    assert answer.status == 415


def test_mutated_csrs_never_pass(instance, people):
    """Each byte of a good CSR flipped, one at a time: refused, or it would be another key's signature."""
    import base64
    good = pki.csr(['DNS:flip.example.org'], form='DER')
    stored = counts(instance)
    for at in range(0, len(good), 7):
        bad = bytearray(good)
        bad[at] ^= 0x41
        answer = people['requester'].post('/v1/requests', {'certificate_profile': 'server-tls',
                                                            'csr': base64.b64encode(bytes(bad)).decode()})
        assert answer.status in (400, 422), (at, answer.status)
    assert counts(instance) == stored


def test_trailing_bytes_after_the_csr(people):
    import base64
    der = pki.csr(['DNS:trail.example.org'], form='DER') + b'\0'
    people['requester'].post('/v1/requests', {'certificate_profile': 'server-tls', 'csr': base64.b64encode(der).decode()}
                             ).problem(422, field='csr')


def test_text_is_data(instance, people):
    """Quotes, markup and SQL come back as they were sent."""
    nasty = '\'; DROP TABLE certificate; -- <script>alert(1)</script> "\\ %s ☃ 𝔘\n\tend'
    view = instance.request(comment=nasty)
    assert people['approver'].get('/v1/requests/' + view['id']).expect(200)['comment'] == nasty


# The same of every operation, generated from the contract.

CONTRACT = bad_input.Contract()


# Tables that fill without a caller: checkpoints, CRLs, and the certificates of OCSP responders and what they sign.
BY_ITSELF = {'audit_checkpoint', 'audit_entry', 'audit_tree', 'intent', 'request', 'certificate', 'certificate_body', 'certificate_name',
             'certificate_zone', 'crl_file', 'crl_shard', 'ocsp_responder', 'ocsp_answer'}


class Everything:
    """The matrix, callers whose rights do not stand in its way, and what came of it."""

    def __init__(self, instance, run_sql):
        self.instance, self.run_sql = instance, run_sql
        instance.people()
        admin = instance.enroll_admin()
        directory = admin.post('/v1/acme-directories', {'name': 'matrix', 'certificate_profiles': ['server-tls-auto']})
        known = {'directory_id': directory.expect(201)['id'], 'issuer_id': instance.issuer()['id'],
                 'tenant_id': admin.get('/v1/me').expect(200)['tenant_id']}
        self.matrix = bad_input.Matrix(CONTRACT, known)
        self.callers = [instance.user('administrator', name='Caller'), instance.user('security-officer', name='Other Caller')]
        self.rights = [set(c.get('/v1/me').expect(200)['permissions']) for c in self.callers]
        self.directory = Directory(instance)  # whose token opens nothing but SCIM
        self.callers.append(self.directory.client)
        self.rights.append({'scim.provision'})
        before = self.state()
        self.failures = {operation.name: list(self.faults(operation)) for operation in self.matrix.operations}
        self.changes = {what: (before[what], now) for what, now in self.state().items() if now != before[what]}

    def state(self):
        """Rows by table, what people asked for and got, and the processes' ids."""
        names = self.run_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'" if self.instance.database else
                             "SELECT name FROM sqlite_master WHERE type = 'table'")
        rows = self.run_sql(' UNION ALL '.join(f"SELECT '{name}', count(*) FROM {name}" for name, *_ in sorted(names)))
        return {**{name: int(count) for name, count in rows if name not in BY_ITSELF},
                'requests and certificates': counts(self.instance),
                **{'pid of ' + role: process['pid'] for role, process in self.instance.roles().items()}}

    def caller(self, operation):
        for client, rights in zip(self.callers, self.rights):
            if not operation.permission or operation.permission in rights:
                return client
        raise AssertionError(f'{operation.name}: neither caller has {operation.permission}; give the matrix one who has')

    def faults(self, operation):
        client = self.caller(operation)
        for case in operation.cases:
            headers = {'Content-Type': case.content_type} if case.body is not None and case.content_type else {}
            answer = send_again(client, case, headers)
            scim = case.kind == 'problem' and case.target.startswith('/scim/')
            wrong = JUDGES['scim' if scim else case.kind](case, answer)
            if wrong:
                yield f'{case.name}: {wrong}: {answer.status} {answer.body[:300]!r}'


def send_again(client, case, headers):
    """What must change nothing may be sent again when the gate has closed the connection after an answer (it may: 10000
    requests, or an answer that came before the body was read)."""
    for _ in range(3):
        try:
            return client.send(case.method, case.target, case.body, headers)
        except OSError:
            client.close()
    raise AssertionError(f'{case.name}: {case.method} {case.target} is never answered')


def judge_problem(case, answer):
    if answer.status not in case.statuses:
        return f'expected {case.statuses}'
    if answer.header('Content-Type') != 'application/problem+json':
        return 'no problem document'
    document = answer.json()
    if not all(document.get(key) for key in ('type', 'title', 'detail', 'rule')) or document.get('status') != answer.status:
        return 'an incomplete problem document'
    if case.field is not None and document.get('field', '').removeprefix('/') != case.field:
        return f'expected the field {case.field}'
    return None


def judge_gate(case, answer):
    """The gate refuses what is no HTTP before core sees it."""
    return judge_problem(case, answer) or (None if answer.json()['rule'].startswith('gate-') else 'expected the gate to refuse')


def judge_ocsp(case, answer):
    """RFC 6960 §4.2.1: malformedRequest (1)."""
    return None if answer.status == 200 and answer.body == bytes.fromhex('30030a0101') else 'expected malformedRequest'


def judge_acme(case, answer):
    """RFC 8555 §6.7."""
    if answer.status != 400 or answer.header('Content-Type') != 'application/problem+json':
        return 'expected a problem document with 400'
    return None if answer.json()['type'] == 'urn:ietf:params:acme:error:malformed' else 'expected the type malformed'


def judge_page(case, answer):
    """The report form answers people: a page, and never 2xx."""
    is_page = (answer.header('Content-Type') or '').startswith('text/html')
    return None if answer.status in (400, 413, 422) and is_page else 'expected a page that refuses'


def judge_scim(case, answer):
    """RFC 7644 §3.12. What nothing can be called is not found; the gate's refusals are its own."""
    if answer.status not in (*case.statuses, *((404,) if case.statuses == bad_input.FORM else ())):
        return f'expected {case.statuses}'
    if answer.header('Content-Type') == 'application/problem+json':
        return judge_gate(case, answer)
    error = answer.json()
    if error.get('schemas') != [ERROR] or error.get('status') != str(answer.status) or not error.get('detail') or not error.get('rule'):
        return 'an incomplete error'
    return None


JUDGES = {'problem': judge_problem, 'scim': judge_scim, 'gate': judge_gate, 'ocsp': judge_ocsp, 'acme': judge_acme, 'page': judge_page}


@pytest.fixture(scope='module')
def everything(instance, cluster):
    return Everything(instance, lambda statement: instance.sql(statement, *((cluster(), instance.database) if instance.database else ())))


def test_every_operation_refuses_bad_input(everything):
    failures = [f'{name}: {fault}' for name, faults in everything.failures.items() for fault in faults]
    assert not failures, f'{len(failures)} faults\n' + '\n'.join(failures[:60])


def test_bad_input_changed_nothing(instance, everything):
    assert not everything.changes
    for user_id in [client.user_id for client in everything.callers[:2]] + [everything.directory.id]:
        done = [entry['action'] for entry in instance.admin.pages('/v1/audit/entries?actor_id=' + user_id)
                if entry['outcome'] == 'done']
        assert done == ([] if user_id == everything.directory.id else ['user.enroll']), done


def test_bad_input_leaves_nothing_of_the_contract_out(everything):
    """Every parameter and every member of every body has a case that breaks it."""
    for operation in everything.matrix.operations:
        assert operation.cases
        named = {case.field for case in operation.cases}
        for parameter in operation.parameters:
            assert parameter['name'] in named, (operation.name, parameter['name'])
        for path, _, _ in CONTRACT.places(operation.body, ()) if operation.body else ():
            assert not path or bad_input.pointer(path) in named, (operation.name, path)
