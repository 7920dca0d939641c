"""The explainers asked about a past time know what was had for a while only: an elevation, an opened break-glass account, a membership from a
directory; of a delegation they say that it is none of one's own rights. On a simulated clock."""
import datetime

import pytest

from harness.approvals import House
from harness.scim import Directory, operation

HOUR = 3600


class Past(House):
    def __init__(self, instance):
        super().__init__(instance)
        self.offset = 0

    def now(self):
        return self.admin.get('/v1/system/clock').expect(200)['now']

    def moment(self):
        """A time between what was and what comes."""
        self.travel(60)
        at = self.now()
        self.travel(60)
        return at

    def travel(self, seconds):
        self.offset += seconds
        self.admin.post('/v1/system/clock', {'offset_s': self.offset}).expect(200)

    def ask(self, user_id, permission, **more):
        return self.admin.post('/v1/access/explain', {'user_id': user_id, 'permission': permission, **more}).expect(200)

    def may(self, user_id, permission, *times):
        """Of each of these times, and of now."""
        answers = [self.ask(user_id, permission, as_of=at) for at in times]
        assert all(a['as_of'] == at for a, at in zip(answers, times)) and not any(a['complete'] for a in answers), 'the past is never whole'
        return [a['allowed'] for a in answers] + [self.ask(user_id, permission)['allowed']]


@pytest.fixture(scope='module')
def past(make_instance):
    return Past(make_instance(drill=True).start())


def test_an_elevation(past):
    person = past.instance.user('basic-user')
    binding = past.bind(person, 'operator', eligible=True, expires='2031-01-01T00:00:00Z')
    eligible = past.moment()
    active = person.post(f'/v1/bindings/{binding["id"]}/activate', {'minutes': 60, 'ticket': 'OPS-7', 'reason': 'tonight'}).expect(201)
    elevated = past.moment()
    assert past.may(person.user_id, 'certificate.revoke', eligible, elevated) == [False, True, True]
    past.travel(HOUR)
    assert past.may(person.user_id, 'certificate.revoke', eligible, elevated) == [False, True, False], 'it has ended by itself'
    was = past.ask(person.user_id, 'certificate.revoke', as_of=elevated)
    assert (was['path']['binding_id'], was['path']['role']) == (active['id'], 'operator')
    holders = past.admin.post('/v1/access/holders', {'permission': 'certificate.revoke', 'as_of': elevated}).expect(200)
    assert person.user_id in {h['user_id'] for h in holders['items']} and not holders['complete']
    rights = past.admin.post('/v1/access/rights', {'user_id': person.user_id, 'as_of': elevated}).expect(200)
    assert {r['role'] for r in rights['items']} == {'basic-user', 'operator'}
    rights = past.admin.post('/v1/access/rights', {'user_id': person.user_id}).expect(200)
    assert {r['role'] for r in rights['items']} == {'basic-user'}


def test_a_break_glass_account(past):
    person = past.account()
    past.admin.post('/v1/break-glass', {'user_id': person.user_id, 'reason': 'safe'}).expect(201)
    shut = past.moment()
    asked = past.admin.post(f'/v1/break-glass/{person.user_id}/open', {'minutes': 30, 'ticket': 'OPS-1', 'reason': 'nobody there'}).expect(201)
    asked_for = past.moment()
    past.second.post(f'/v1/proposals/{asked["proposal_id"]}/approve', {'comment': 'yes'}).expect(200)
    opened = past.moment()
    past.travel(HOUR)
    assert past.may(person.user_id, 'user.create', shut, asked_for, opened) == [False, False, True, False]
    refused = past.ask(person.user_id, 'request.approve', as_of=opened)
    assert not refused['allowed'] and 'break-glass-decides-nothing' in refused['why'], 'nor could it decide then'


def test_a_membership_from_a_directory(past):
    directory = Directory(past.instance)
    made = directory.post('/Groups', {'schemas': ['urn:ietf:params:scim:schemas:core:2.0:Group'], 'displayName': 'Operators'}).expect(201)
    user = directory.post('/Users', {'schemas': ['urn:ietf:params:scim:schemas:core:2.0:User'], 'userName': 'p@example.org', 'active': True,
                                     'displayName': 'P', 'externalId': 'p1'}).expect(201)
    past.admin.post('/v1/bindings', {'group_id': made['id'], 'role': 'operator', 'all': True, 'reason': 'directory',
                                     'expires': '2031-01-01T00:00:00Z'}).expect(201)
    invited = past.admin.post(f'/v1/users/{user["id"]}/link')
    past.instance.enroll(invited.expect(201)['link'])
    outside = past.moment()
    directory.patch(f'/Groups/{made["id"]}', operation('add', 'members', [{'value': user['id']}]))
    inside = past.moment()
    directory.patch(f'/Groups/{made["id"]}', operation('remove', f'members[value eq "{user["id"]}"]'))
    assert past.may(user['id'], 'certificate.revoke', outside, inside) == [False, True, False]
    assert past.ask(user['id'], 'certificate.revoke', as_of=inside)['path']['groups'] == [made['id']]


def test_a_delegation_is_another_s_right(past):
    approver, deputy = past.instance.user('approver'), past.instance.user('basic-user')
    before = past.moment()
    until = datetime.datetime.fromisoformat(past.now().replace('Z', '+00:00')) + datetime.timedelta(days=20)
    made = approver.post('/v1/delegations', {'delegate_id': deputy.user_id, 'expires': until.strftime('%Y-%m-%dT%H:%M:%SZ'), 'reason': 'holiday'})
    made.expect(201)
    during = past.moment()
    for permission, told in (('request.approve', True), ('certificate.revoke', False)):
        now = past.ask(deputy.user_id, permission)
        assert not now['allowed'] and any('delegation' in gap for gap in now.get('gaps', [])) == told
        assert now['complete'] != told
    said = lambda at: any('delegation' in gap for gap in past.ask(deputy.user_id, 'request.approve', as_of=at)['gaps'])  # noqa: E731
    assert not said(before) and said(during)
    past.admin.post(f'/v1/delegations/{made.json()["id"]}/end').expect(200)
    assert said(during)


def test_it_is_for_few_and_on_record(past):
    person, at = past.instance.user('operator'), past.moment()
    for path in ('explain', 'holders', 'rights'):
        document = {'permission': 'certificate.revoke', 'user_id': person.user_id, 'as_of': at}
        document.pop({'holders': 'user_id', 'rights': 'permission'}.get(path, ''), None)
        person.post('/v1/access/' + path, document).problem(403)
        past.admin.post('/v1/access/' + path, document).expect(200)
        assert [e for e in past.entries('action=access.' + path) if e['outcome'] == 'done' and e['actor_id'] == past.admin.user_id]
    past.admin.post('/v1/access/rights', {'user_id': person.user_id, 'as_of': '2099-01-01T00:00:00Z'}).problem(422, rule='as-of-future')
