"""Every list of the contract: each filter keeps what it says and nothing else, pages of one row show every row once and in
order, and a cursor is taken by the list that gave it alone."""
import base64
import json
from urllib.parse import quote

import pytest

from harness import bugzilla, lists
from harness.bad_input import Contract
from harness.instance import wait_for

CONTRACT = Contract()
PAGING = {'cursor', 'limit', 'after', 'from_index'}
# Lists that are no pages of rows in JSON, and the test here that reads them.
OTHERS = {'certificate_export': 'test_an_export_keeps_what_the_list_keeps', 'audit_export': 'test_the_audit_export_in_parts',
          'incident_due': 'test_duties_say_when_there_are_more', 'incident_bug_comments': 'test_comments_of_a_bug_behind_a_number', 'unused_right_list': 'test_unused_rights_of_some_days',
          'acme_orders': 'test_orders_of_an_account_refuse_a_cursor_that_is_none'}


def query_names(operation):
    return {p['name'] for p in operation.parameters if p['in'] == 'query'}


@pytest.fixture(scope='module')
def rows(make_instance):
    return lists.Rows(make_instance(drill=True, settings={'outbound_allow_networks': '127.0.0.0/8'}).start())


@pytest.fixture(scope='module')
def read(rows):
    """{operation: List} with what is there now."""
    found = rows.lists()
    for one in found.values():
        one.caller = rows.admin
    return found


def page_by_page(one, path, limit):
    """Rows of a list, page by page, and every cursor that came."""
    items, cursors, mark = [], [], '&' if '?' in path else '?'
    for _ in range(2000):
        more = f'&after={items[-1][one.after]}' if one.after and items else f'&cursor={cursors[-1]}' if cursors else ''
        page = one.caller.get(f'{path}{mark}limit={limit}{more}').expect(200)
        assert len(page['items']) <= limit
        items += page['items']
        if one.after and not page['items'] or not one.after and 'next_cursor' not in page:
            return items, cursors
        cursors.append(page.get('next_cursor'))
    raise AssertionError(f'{path} has no end')


def names(one, items):
    members = (one.row_id,) if isinstance(one.row_id, str) else one.row_id
    return [tuple(item[m] for m in members) for item in items]


def test_no_list_and_no_filter_is_left_out(read):
    for operation in CONTRACT.operations():
        query = query_names(operation)
        if not query & PAGING:
            continue
        if operation.name in OTHERS:
            assert OTHERS[operation.name] in globals()
            continue
        assert operation.name in read, f'{operation.name} is a list: give it rows and a line in harness/lists.py'
        assert query - PAGING == set(read[operation.name].filters), operation.name


def test_pages_of_one_row(read):
    for name, one in read.items():
        before, _ = page_by_page(one, one.path, 100)
        paged, _ = page_by_page(one, one.path, 1)
        assert len(before) >= 3, f'{name} has {len(before)} rows'
        expected, got = names(one, before), names(one, paged)
        assert len(set(got)) == len(got), name
        # What came meanwhile is newer: it stands in front of what was there.
        assert got[-len(expected):] == expected, name
        if one.order:
            times = [row[one.order] for row in paged]
            assert times == sorted(times, reverse=True), name


def test_every_filter(read):
    for name, one in read.items():
        everything, _ = page_by_page(one, one.path + ('?lifted=true' if name in ('block_list', 'freeze_list') else ''), 100)
        known = set(names(one, everything))
        for parameter, (values, keeps) in one.filters.items():
            kept = []
            for value in values:
                got, _ = page_by_page(one, f'{one.path}?{parameter}={quote(value)}', 2)
                assert all(keeps(row, value) for row in got), (name, parameter, value)
                expected = names(one, [row for row in everything if keeps(row, value)])
                assert [n for n in names(one, got) if n in known] == expected, (name, parameter, value)
                kept.append(len(expected))
            assert any(kept) and min(kept) < len(everything), (name, parameter, kept)


def test_a_cursor_is_taken_by_its_list_alone(rows, read):
    cursors = {}
    for name, one in read.items():
        if not one.after:
            cursors[name] = one.caller.get(one.path + '?limit=1').expect(200)['next_cursor']
    assert len(cursors) >= 15
    long_past = base64.urlsafe_b64encode(bytes(24)).decode()
    for name, one in read.items():
        if one.after:
            continue
        own = cursors[name]
        for cursor in ('AAAA', 'x', '_' * 512, long_past, own[:-1], own + 'AAAA', ('B' if own[0] != 'B' else 'C') + own[1:],
                       *(c for other, c in cursors.items() if other != name)):
            one.caller.get(f'{one.path}?cursor={cursor}').problem(400, field='cursor', rule='cursor-invalid')
        one.caller.get(f'{one.path}?cursor={own}').expect(200)


def test_an_export_keeps_what_the_list_keeps(rows, read):
    one = read['certificate_list']
    path = '/v1/certificates/export'
    operation = next(o for o in CONTRACT.operations() if o.name == 'certificate_export')
    assert query_names(operation) - PAGING - {'format'} == set(one.filters)
    for parameter, (values, _) in one.filters.items():
        for value in values:
            query = f'?{parameter}={quote(value)}'
            listed = [row['id'] for row in page_by_page(one, one.path + query, 100)[0]]
            text = rows.admin.get(f'{path}{query}&format=ndjson').body.decode()
            assert [json.loads(line)['id'] for line in text.splitlines()] == listed, (parameter, value)
            table = rows.admin.get(f'{path}{query}&format=csv').body.decode().splitlines()
            assert len(table) == 1 + len(listed) and table[0].startswith('id,'), (parameter, value)
    first = rows.admin.get(one.path + '?limit=1').expect(200)
    rest = rows.admin.get(f'{path}?format=ndjson&cursor={first["next_cursor"]}').body.decode().splitlines()
    assert first['items'][0]['id'] not in [json.loads(line)['id'] for line in rest] and len(rest) >= 3
    rows.admin.get(f'{path}?cursor=AAAA').problem(400, field='cursor', rule='cursor-invalid')


def test_downloads_in_every_form(rows):
    operation = next(o for o in CONTRACT.operations() if o.name == 'certificate_download')
    [parameter] = [p for p in operation.parameters if p['in'] == 'query']
    forms = CONTRACT.resolve(parameter['schema'])['enum']
    path = f'/v1/certificates/{rows.certificate["id"]}/download'
    answers = {form: rows.admin.get(f'{path}?format={form}') for form in forms}
    assert all(answer.status == 200 for answer in answers.values())
    assert len({answer.body for answer in answers.values()}) == len(forms) >= 4
    assert answers['pem'].body == rows.admin.get(path).body and answers['chain'].body.startswith(answers['pem'].body)
    assert base64.b64encode(answers['der'].body) == b''.join(answers['pem'].body.split(b'\n')[1:-2])
    assert answers['der'].body in answers['pkcs7'].body


def test_the_audit_export_in_parts(rows):
    def part(query):
        answer = rows.admin.get('/v1/audit/export' + query)
        assert answer.status == 200
        found = [json.loads(line) for line in answer.body.decode().splitlines()]
        return [line for line in found if 'leaf' in line or 'index' in line]
    whole = part('')[:-1]  # the newest may just have come
    assert len(whole) > 10
    for start in (0, 1, 5):
        some = part(f'?from_index={start}&limit=3')  # and on to the next checkpoint
        assert len(some) >= 3 and some == whole[start:start + len(some)]


def test_duties_say_when_there_are_more(rows):
    whole = rows.admin.get('/v1/incident-duties?limit=100').expect(200)
    assert whole['complete'] and len(whole['items']) >= 3
    for limit in (1, 2):
        some = rows.admin.get(f'/v1/incident-duties?limit={limit}').expect(200)
        assert not some['complete'] and len(some['items']) == limit
        assert some['items'] == whole['items'][:limit]


def test_comments_of_a_bug_behind_a_number(make_instance):
    """They come from a tracker."""
    instance = make_instance(settings={'outbound_allow_networks': '127.0.0.0/8'}).start()
    tracker, admin = bugzilla.Bugzilla(bugzilla.utc_now()), instance.enroll_admin()
    admin.post('/v1/tracker', {
        'state': 'active', 'base_url': tracker.url, 'api_key': bugzilla.KEY, 'login': bugzilla.LOGIN, 'owner_name': 'CA', 'product': 'P', 'component': 'C',
        'secure_component': 'S', 'secure_group': 'G', 'version': 'other', 'bug_type': 'task', 'ca_certificates': tracker.ca}).expect(200)
    incident = admin.post('/v1/incidents', {'type': 'other', 'impact': 'low', 'urgency': 'low', 'source': 'self_reported', 'certificates': ['tls'],
                                            'tracks': ['public'], 'title': 'T', 'summary': 'S'}).expect(201)['id']
    _, made = tracker.file({'product': 'P', 'component': 'C', 'summary': 'S', 'version': 'other', 'type': 'task', 'description': 'D'})
    for i in range(60):
        tracker.say(tracker.bugs[made['id']], f'comment {i + 1}', 'a@example.net')
    admin.post(f'/v1/incidents/{incident}/bug', {'number': made['id']}).expect(201)
    path = f'/v1/incidents/{incident}/bug/comments'
    wait_for(lambda: len(admin.get(path).expect(200)['items']) == 50, 'the comments', limit_s=60)
    first = [c['number'] for c in admin.get(path).expect(200)['items']]
    rest = [c['number'] for c in admin.get(path + '?after=49').expect(200)['items']]
    assert first + rest == list(range(61))
    assert admin.get(path + '?after=60').expect(200)['items'] == []
    tracker.stop()


def test_orders_of_an_account_refuse_a_cursor_that_is_none(rows):
    from harness import acme
    account = rows.worlds[0].account()
    orders = account.kid + '/orders'
    acme.problem(account.post(orders + '?cursor=AAAA'), 'malformed', 400, rule='cursor-invalid')


def test_unused_rights_of_some_days(rows):
    """Last of all: it moves the clock."""
    path, cursors = '/v1/unused-rights', []
    used = rows.instance.user('requester', name='Once')
    rows.instance.request(['once.example.org'], profile='server-tls', client=used, issuer_id=rows.first_issuer)
    rows.admin.post('/v1/system/clock', {'offset_s': 10 * 86400}).expect(200)
    uses = {}
    for days in (5, 366):
        found = {row.get('user_id'): row['use'] for row in rows.officer.pages(f'{path}?days={days}')}
        uses[days] = found[used.user_id]
    assert uses == {5: 'unused', 366: 'used'}
    whole = [row['binding_id'] for row in rows.officer.pages(f'{path}?days=5')]
    assert [row['binding_id'] for row in rows.officer.pages(f'{path}?days=5&limit=1')] == whole and len(whole) >= 3
    rows.officer.get(f'{path}?cursor=AAAA').problem(400, field='cursor', rule='cursor-invalid')
