"""Letters: who is told by mail that something waits for them, what became of theirs, and what was done to their account; once each, in a
digest, never more than they may see, and not twice after a kill -9."""
import os

import pytest

from harness.approvals import approve, stage
from harness.gate_peer import Attacker
from harness.instance import wait_for
from harness.login import Person
from harness.notices import settings
from harness.smtp import Sink

DOMAIN = '@people.example'


@pytest.fixture
def sink():
    made = Sink()
    yield made
    made.stop()


@pytest.fixture
def mailed(make_instance, sink):
    """An instance with a relay, on a simulated clock."""
    return make_instance(drill=True, settings=settings(sink.port)).start()


def person(instance, name, *roles):
    """With an address; the client."""
    made = instance.enroll_admin().post('/v1/users', {'display_name': name, 'email': name + DOMAIN, 'roles': list(roles)}).expect(201)
    return instance.enroll(made['link'])


def travel(instance, minutes):
    now = instance.admin.get('/v1/system/clock').expect(200)
    instance.admin.post('/v1/system/clock', {'offset_s': now['offset_s'] + minutes * 60}).expect(200)


def letters(sink, name, about=''):
    """What came for that person and names it, leaving out those about their account."""
    return [one for one in sink.letters if one.address == name + DOMAIN and 'Your account' not in one.subject and about in one.text]


def security(sink, name, about=''):
    return [one for one in sink.letters if one.address == name + DOMAIN and 'Your account' in one.subject and about in one.text]


def came(sink, name, about='', kind=letters):
    return wait_for(lambda: kind(sink, name, about), f'a letter to {name} about {about}', 60, 0.1)


class Witness:
    """An account whose every new link is a letter at once: when it comes, the log was read up to there."""

    def __init__(self, instance, sink, name='witness'):
        self.instance, self.sink, self.name = instance, sink, name
        self.id = instance.enroll_admin().post('/v1/users', {'display_name': name, 'email': name + DOMAIN,
                                                             'roles': ['basic-user']}).expect(201)['user']['id']

    def quiet(self):
        before = len(security(self.sink, self.name))
        self.instance.admin.post(f'/v1/users/{self.id}/link').expect(201)
        wait_for(lambda: len(security(self.sink, self.name)) > before, 'the witness is told', 60, 0.1)


def test_who_may_decide_is_told_once_and_the_requester_of_the_outcome(mailed, sink):
    rita = person(mailed, 'rita', 'requester')
    anna, bert = person(mailed, 'anna', 'approver'), person(mailed, 'bert', 'approver')
    person(mailed, 'otto', 'operator')
    request = mailed.request(['shop.example.org'], client=rita)
    one = came(sink, 'anna', request['id'])[0]
    came(sink, 'bert', request['id'])
    assert 'Something waits for you' in one.subject and f'certinext request context {request["id"]}' in one.text
    assert 'issue, server-tls' in one.text and 'shop.example.org' not in one.text, 'no name goes by mail'
    assert one.message['Auto-Submitted'] == 'auto-generated' and one.delivery.startswith('ltr_')
    approve(anna, request).expect(200)
    assert f'Your request {request["id"]} was approved' in came(sink, 'rita', request['id'])[0].text
    second = mailed.request(['shop.example.org'], client=rita)
    travel(mailed, 11)
    came(sink, 'bert', second['id'])
    bert.post(f'/v1/requests/{second["id"]}/reject', {'comment': 'no'}).expect(200)
    travel(mailed, 11)
    assert f'Your request {second["id"]} was rejected' in came(sink, 'rita', second['id'])[0].text
    for name in ('anna', 'bert'):
        assert len(letters(sink, name, request['id'])) == 1 == len(letters(sink, name, second['id'])), 'once each'
    assert not letters(sink, 'otto'), 'who may not decide is not told'
    assert {e['action'] for e in mailed.people()['auditor'].pages('/v1/audit/entries')} >= {'system.letter.compose', 'system.letter.deliver'}


def test_many_are_one_digest_and_only_what_one_may_see(mailed, sink):
    admin = mailed.enroll_admin()
    groups = {name: admin.post('/v1/groups', {'name': name}).expect(201)['id'] for name in ('red', 'blue')}
    rita = person(mailed, 'rita', 'requester')
    person(mailed, 'wide', 'approver')
    narrow = person(mailed, 'narrow', 'basic-user')
    bound = admin.post('/v1/bindings', {'user_id': narrow.user_id, 'role': 'approver', 'groups': [groups['red']], 'reason': 'red only',
                                        'expires': '2031-01-01T00:00:00Z'}).expect(201)
    first = mailed.request(['a.example.org'], client=rita, group_id=groups['red'])
    came(sink, 'narrow', first['id'])
    came(sink, 'wide', first['id'])
    made = [mailed.request([f'n{i}.example.org'], client=rita, group_id=groups['red' if i % 2 else 'blue']) for i in range(30)]
    witness = Witness(mailed, sink)
    witness.quiet()
    assert len(letters(sink, 'wide')) == 1, 'the rest waits for the next letter'
    travel(mailed, 11)
    digest = came(sink, 'wide', made[0]['id'])[0]
    assert '30 things for you' in digest.subject and 'and 10 more' in digest.text
    mine = came(sink, 'narrow', made[1]['id'])[0]
    assert '15 things for you' in mine.subject
    assert not [r for i, r in enumerate(made) if i % 2 == 0 and r['id'] in mine.text], 'nothing of the other group'
    assert len(letters(sink, 'wide')) == len(letters(sink, 'narrow')) == 2
    late = mailed.request(['late.example.org'], client=rita, group_id=groups['red'])
    witness.quiet()
    admin.post(f'/v1/bindings/{bound["id"]}/end').expect(200)
    travel(mailed, 11)
    came(sink, 'wide', late['id'])
    witness.quiet()
    assert not letters(sink, 'narrow', late['id']), 'a right that is gone tells nothing any more'


def test_proposals_stages_and_escalation(mailed, sink):
    admin = mailed.enroll_admin()
    person(mailed, 'sofia', 'security-officer')
    manager, rita = person(mailed, 'mona', 'manager'), person(mailed, 'rita', 'requester')
    group = admin.post('/v1/groups', {'name': 'on-duty'}).expect(201)['id']
    duty = person(mailed, 'dora', 'approver')
    admin.post(f'/v1/groups/{group}/add', {'user_id': duty.user_id}).expect(200)
    admin.post('/v1/approval-rules', {'action': 'issue', 'certificate_profile': 'server-tls-auto', 'stages': [stage('group:' + group)],
                                      'expires_in_hours': 48, 'escalate_after_hours': 24, 'escalate_to_role': 'manager', 'reason': 'x'}).expect(201)
    admin.post('/v1/approval-rules', {'action': 'role_grant', 'stages': [stage('any')], 'reason': 'x'}).expect(201)
    request = mailed.request(['esc.example.org'], client=rita, profile='server-tls-auto')
    came(sink, 'dora', request['id'])
    assert not letters(sink, 'mona', request['id']), 'not her stage'
    second = mailed.enroll(mailed.cli('invite', '--data', mailed.data).expect(0).out)
    proposals = []
    for asker in (admin, second):
        wanted = asker.post('/v1/bindings', {'user_id': rita.user_id, 'role': 'operator', 'all': True, 'reason': 'x',
                                             'expires': '2031-01-01T00:00:00Z'}).expect(201)
        proposals.append(next(p for p in admin.pages('/v1/proposals') if p.get('binding_id') == wanted['id']))
    assert 'role_grant' in came(sink, 'sofia', proposals[1]['id'])[0].text
    assert not letters(sink, 'sofia', proposals[0]['id']), 'the first one enrolled her: she may not decide there'
    travel(mailed, 25 * 60)
    assert 'escalated' in came(sink, 'mona', request['id'])[0].text
    travel(mailed, 24 * 60)
    assert f'Your request {request["id"]} had no decision in time' in came(sink, 'rita', request['id'])[-1].text
    assert manager.get('/v1/me/letters').expect(200) == {'waiting': True, 'mail': True}


def test_a_review_opens_and_its_deadline_comes_near(mailed, sink):
    admin = mailed.enroll_admin()
    person(mailed, 'sofia', 'security-officer')
    person(mailed, 'otto', 'operator')
    review = admin.post('/v1/access-reviews', {'reason': 'a test', 'privileged': True}).expect(201)
    one = came(sink, 'sofia', review['id'])[0]
    assert 'have no answer yet; until' in one.text
    travel(mailed, 12 * 24 * 60)
    assert 'then what has none ends' in wait_for(lambda: letters(sink, 'sofia', review['id'])[1:], 'the reminder', 60, 0.1)[0].text
    travel(mailed, 60)
    Witness(mailed, sink).quiet()
    assert len(letters(sink, 'sofia', review['id'])) == 2 and not letters(sink, 'otto')


def test_work_can_be_opted_out_of_and_the_account_cannot(mailed, sink):
    rita = person(mailed, 'rita', 'requester')
    paul = Person(mailed, 'approver', email='paul' + DOMAIN)
    assert 'password of your account was set' in came(sink, 'paul', 'password', kind=security)[0].text
    view = paul.login().post('/v1/me/letters', {'waiting': False}).expect(200)
    assert view == {'waiting': False, 'mail': True}
    person(mailed, 'anna', 'approver')
    request = mailed.request(['opt.example.org'], client=rita)
    came(sink, 'anna', request['id'])
    Witness(mailed, sink).quiet()
    assert not letters(sink, 'paul')
    before = len(security(sink, 'paul'))
    stranger = Attacker(mailed)
    assert [stranger.guess(paul.account, '192.0.2.1').status for _ in range(7)] == [401] * 5 + [429] * 2
    came(sink, 'paul', 'failed to log in', kind=security)
    second = mailed.enroll(mailed.cli('invite', '--data', mailed.data).expect(0).out)
    second.post(f'/v1/users/{paul.id}/factors/reset').expect(200)
    came(sink, 'paul', 'removed by an administrator', kind=security)
    assert len(security(sink, 'paul')) > before


def test_without_a_relay_nothing_fails_and_nothing_is_kept(make_instance):
    instance = make_instance(drill=True).start()
    anna = person(instance, 'anna', 'approver')
    request = instance.request(['plain.example.org'])
    assert anna.get('/v1/me/letters').expect(200) == {'waiting': True, 'mail': False}
    approve(anna, request).expect(200)
    assert instance.settled(instance.admin.get('/v1/requests/' + request['id']).expect(200))['state'] == 'done'
    actions = {e['action'] for e in instance.people()['auditor'].pages('/v1/audit/entries')}
    assert not [a for a in actions if 'letter' in a]


def test_a_death_after_sending_tells_nobody_twice(mailed, sink):
    rita = person(mailed, 'rita', 'requester')
    person(mailed, 'anna', 'approver')
    came(sink, 'anna', 'link was used', kind=security)
    assert mailed.stop() == 0
    os.environ['CX_FAULT_KILL'] = 'letter-sent'
    try:
        mailed.start(wait=False)
    finally:
        del os.environ['CX_FAULT_KILL']
    mailed.wait_ready()
    core = mailed.roles()['core']['pid']
    request = mailed.request(['kill.example.org'], client=rita)
    came(sink, 'anna', request['id'])
    wait_for(lambda: mailed.roles().get('core', {}).get('pid') not in (None, core), 'core died and was started again', 60, 0.1)
    mailed.wait_ready()
    for client in (mailed.admin, rita):
        client.close()
    travel(mailed, 2)  # past the lease of who died
    Witness(mailed, sink).quiet()
    state = wait_for(lambda: [e for e in mailed.people()['auditor'].pages('/v1/audit/entries?action=system.letter.deliver')], 'it is written down')
    assert state and len(letters(sink, 'anna', request['id'])) == 1
