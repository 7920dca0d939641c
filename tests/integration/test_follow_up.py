"""After the end of an incident: follow-ups that open by themselves, a recurrence that fails them, hand-overs; and clocks that wait for nobody."""
import re

import pytest

from harness import login
from harness.instance import wait_for

DAY = 86400


@pytest.fixture
def desk(make_instance):
    return Desk(make_instance(drill=True).start())


class Desk:
    def __init__(self, instance, **more):
        self.instance, self.admin = instance, instance.enroll_admin()
        self.officer, self.client = instance.user('security-officer'), self.admin

    def opened(self, **fields):
        return self.client.post('/v1/incidents', {'type': 'obligation', 'impact': 'low', 'urgency': 'low', 'source': 'self_reported', 'title': 'Down',
                                                 'summary': 'S', 'certificates': ['private'], **fields}).expect(201)

    def path(self, incident, rest=''):
        return f'/v1/incidents/{incident["id"]}{rest}'

    def move(self, client, incident, *states):
        for state in states:
            client.post(self.path(incident, '/move'), {'state': state, 'comment': 'because'}).expect(200)

    def assign(self, incident, role, person, **fields):
        return self.admin.post(self.path(incident, '/roles'), {'role': role, 'user_id': person.user_id, **fields}).expect(200)

    def closed(self, **fields):
        incident = self.opened(**fields)
        self.assign(incident, 'lead', self.admin)
        self.assign(incident, 'approver', self.officer)
        self.move(self.admin, incident, 'triage', 'confirmed', 'contained', 'remediated', 'recovered')
        self.move(self.officer, incident, 'validated')
        for side, person in (('security', self.officer), ('operations', self.admin)):
            person.post(self.path(incident, f'/sign-offs/{side}'), {'comment': 'looked at it'}).expect(201)
        self.move(self.officer, incident, 'closed')
        return incident

    def duties(self, incident):
        items = self.client.get(self.path(incident, '/duties')).expect(200)['items']
        return {re.sub(r'/\d+/\d+$', '', d['key']): d for d in items if d['key'].startswith('follow-up/')}

    def states(self, incident):
        found = self.duties(incident)
        return [found[f'follow-up/efficacy-{n}']['state'] for n in (3, 6, 12)]

    def entries(self, incident):
        return self.client.get(self.path(incident, '/timeline')).expect(200)['items']

    def travel(self, seconds, person=None):
        """Tokens end meanwhile: person logs in anew, and goes on with what a session may."""
        code = person and person.codes.at(int(login.now_of(self.instance)) + seconds)
        offset = self.admin.get('/v1/system/clock').expect(200)['offset_s']
        self.admin.post('/v1/system/clock', {'offset_s': offset + seconds}).expect(200)
        if person:
            self.client = login.Browser(self.instance)
            self.client.login(person.account, person.password, code).expect(201)



def test_follow_ups_open_by_themselves_and_a_recurrence_fails_them(desk):
    person = login.Person(desk.instance, 'operator')
    before = desk.opened()
    assert desk.duties(before) == {}, 'nothing to follow up yet'
    incident = desk.closed()
    assert desk.states(incident) == ['pending'] * 3
    three = desk.duties(incident)['follow-up/efficacy-3']
    assert three['title'].endswith('?') and three['start_kind'] == 'closed' and three['obligation'] == 'should'
    desk.travel(93 * DAY, person)
    assert desk.states(incident) == ['overdue', 'pending', 'pending']
    queue = desk.client.get('/v1/incident-duties?limit=500').expect(200)['items']
    assert three['key'] in [d['key'] for d in queue if d['incident_id'] == incident['id']], 'late, and seen in the queue'
    wait_for(lambda: 'duty_missed' in [e['kind'] for e in desk.entries(incident)], 'and told', 60, 0.2)
    desk.client.post(desk.path(incident, '/duties/meet'), {'key': three['key'], 'proof': 'alarm test of today'}).expect(200)
    assert desk.states(incident) == ['met_late', 'pending', 'pending']

    again = desk.opened(title='Down again')
    recur = lambda which, earlier: desk.client.post(desk.path(which, '/recurrence'), {'earlier_id': earlier['id'], 'detail': 'the same disk'})  # noqa: E731
    assert recur(again, before).problem(422)['rule'] == 'earlier-closed'
    assert recur(again, again).problem(422)['rule'] == 'earlier-closed'
    related = recur(again, incident).expect(201)['items']
    assert {r['id']: r['relations'] for r in related} == {incident['id']: ['recurrence_of', 'same_type'], before['id']: ['same_type']}
    assert recur(again, incident).problem(409)['rule'] == 'recurrence-known'
    assert desk.states(incident) == ['failed'] * 3, 'the one that was answered too'
    found = [e for e in desk.entries(incident) if e['kind'] == 'recurrence_found']
    assert [e['subject'] for e in found] == [again['id']] and desk.entries(again)[-1]['subject'] == incident['id']
    other_side = desk.client.get(desk.path(incident, '/related')).expect(200)['items']
    assert 'recurred_as' in {r['id']: r['relations'] for r in other_side}[again['id']]


def test_related_incidents_go_two_years_back(desk):
    person = login.Person(desk.instance, 'operator')
    desk.opened()
    desk.instance.people()['requester'].get(desk.path(desk.opened(), '/related')).problem(403)
    desk.travel(800 * DAY, person)
    recent, other = desk.opened(), desk.opened(type='other')
    later = desk.opened(parent_id=other['id'])
    seen = desk.client.get(desk.path(later, '/related')).expect(200)['items']
    assert [(r['id'], r['relations']) for r in seen] == [(other['id'], ['parent']), (recent['id'], ['same_type'])], 'not those of before'
    assert [r['relations'] for r in desk.client.get(desk.path(other, '/related')).expect(200)['items']] == [['child']]


def test_a_role_is_handed_over_with_words(desk):
    incident = desk.opened()
    desk.assign(incident, 'lead', desk.admin)
    desk.assign(incident, 'lead', desk.officer, comment='the supplier calls back at four')
    first, second = [e for e in desk.entries(incident) if e['kind'] == 'role_assigned']
    assert first['detail'] == desk.admin.user_id
    assert second['detail'] == f'{desk.officer.user_id}, from {desk.admin.user_id}: the supplier calls back at four'


def test_warnings_come_while_a_revocation_runs(make_instance):
    """Needs a build with -Dfaults=true: the step of the revocation is held up for longer than the clocks may take."""
    instance = make_instance(drill=True).start(faults={'delay': 'revocation-step:20000'})
    desk = Desk(instance)
    incident = desk.opened(type='misissuance', tracks=['customer'])
    certificate = instance.issue(['slow.example.org'])
    scope = desk.admin.post(desk.path(incident, '/scopes'), {'serials': [certificate['serial']], 'comment': 'x'}).expect(201)['id']
    plan = desk.admin.post(desk.path(incident, '/revocations'), {'scope_id': scope, 'item': 3, 'reason': 'keyCompromise', 'comment': 'x'}).expect(201)
    desk.assign(incident, 'lead', desk.admin)
    desk.move(desk.admin, incident, 'triage', 'confirmed')
    desk.officer.post(desk.path(incident, f'/revocations/{plan["id"]}/approve'), None).expect(200)
    desk.travel(23 * 3600)
    kinds = lambda: [e['kind'] for e in desk.entries(incident)]  # noqa: E731
    wait_for(lambda: 'revocation_recorded' in kinds(), 'the revocation', 120, 0.3)
    order = kinds()
    assert order.index('duty_warned') < order.index('revocation_recorded'), 'the clock did not wait for it'
