"""On call: rosters, pages by mail and signed webhook, escalation until somebody answers, tests, gaps; and that a death doubles nothing."""
import datetime
import re

import pytest

from harness.instance import wait_for
from harness.notices import settings
from harness.smtp import Sink

FORM = 'application/x-www-form-urlencoded'


@pytest.fixture
def sink():
    made = Sink()
    yield made
    made.stop()


def parse(text):
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00'))


class Desk:
    """An instance on a simulated clock with people who have an address each."""

    def __init__(self, instance, people=('anna', 'ben', 'carl')):
        self.instance, self.admin = instance, instance.enroll_admin()
        self.people = {name: instance.user('operator', name=name) for name in people}
        for name, person in self.people.items():
            self.admin.post('/v1/notice-contacts', {'user_id': person.user_id, 'role': 'technical', 'language': 'en', 'name': name,
                                                    'email': f'{name}@ca.example'}).expect(201)

    def ids(self, *names):
        return [self.people[name].user_id for name in names]

    def now(self):
        return parse(self.admin.get('/v1/system/clock').expect(200)['now'])

    def moment(self, **ahead):
        return (self.now() + datetime.timedelta(**ahead)).strftime('%Y-%m-%dT%H:%M:%SZ')

    def advance(self, seconds):
        clock = self.admin.get('/v1/system/clock').expect(200)
        self.admin.post('/v1/system/clock', {'offset_s': clock['offset_s'] + int(seconds)}).expect(200)

    def roster(self, status=201, **fields):
        document = {'name': 'first line', 'first': self.moment(hours=-1), 'shift_hours': 168, 'escalate_minutes': 10,
                    'first_level': self.ids('anna'), 'second_level': self.ids('ben'), **fields}
        answer = self.admin.post('/v1/oncall-rosters', {k: v for k, v in document.items() if v is not None})
        return answer.expect(201) if status == 201 else answer.problem(status)

    def incident(self, impact='high', urgency='high', **fields):
        return self.admin.post('/v1/incidents', {'type': 'other', 'impact': impact, 'urgency': urgency, 'source': 'self_reported',
                                                 'title': 'a secret title', 'summary': 'S', **fields}).expect(201)

    def pages(self):
        return list(self.admin.pages('/v1/pages'))

    def page(self, where=lambda page: True):
        return wait_for(lambda: next((p for p in self.pages() if where(p)), None), 'a page', 60, 0.1)

    def show(self, page):
        return self.admin.get('/v1/pages/' + page['id']).expect(200)

    def at(self, page, level, round=1):
        return wait_for(lambda: (lambda p: p if (p['level'], p['round']) == (level, round) else None)(self.show(page)), 'the next level', 60, 0.1)

    def kinds(self, incident):
        return [e['kind'] for e in self.admin.get(f'/v1/incidents/{incident["id"]}/timeline').expect(200)['items']]

    def letters(self, sink, count):
        wait_for(lambda: sink.count >= count, 'the letters', 60, 0.1)
        return list(sink.letters)


@pytest.fixture
def desk(make_instance, sink):
    return Desk(make_instance(drill=True, settings=settings(sink.port)).start())


def link_of(letter):
    return re.search(r'https://\S+(/page/cxp_\S+)', letter.text).group(1)


def test_a_page_climbs_until_somebody_answers(desk, sink):
    desk.roster(third_level=desk.ids('carl'))
    calm = desk.incident('low', 'low')
    incident = desk.incident()
    page = desk.page()
    assert page['incident_id'] == incident['id'] and (page['level'], page['state']) == (1, 'open')
    letter = desk.letters(sink, 1)[0]
    assert letter.address == 'anna@ca.example' and incident['id'] in letter.text and 'secret title' not in letter.text
    shown = desk.show(page)
    until = (parse(shown['escalates']) - parse(shown['created'])).total_seconds()
    assert until == 600, 'to the second'
    desk.advance((parse(shown['escalates']) - desk.now()).total_seconds() + 1)
    assert desk.at(page, 2)
    assert desk.letters(sink, 2)[1].address == 'ben@ca.example'
    desk.advance(601)
    assert desk.at(page, 3)
    desk.advance(601)
    assert desk.at(page, 1, 2), 'from the first again'
    letters = desk.letters(sink, 4)
    assert [one.address[0] for one in letters] == ['a', 'b', 'c', 'a']
    browser = desk.instance.anonymous()
    link = link_of(letters[1])
    assert b'I take it on' in browser.get(link).body and desk.show(page)['state'] == 'open', 'a filter that follows links answers nothing'
    assert browser.post(link, raw='act=other', content_type=FORM).status == 422
    assert b'it is yours' in browser.post(link, raw='act=acknowledge', content_type=FORM).body
    done = desk.show(page)
    assert (done['state'], done['acknowledger_id']) == ('acknowledged', desk.people['ben'].user_id)
    assert b'over' in browser.post(link_of(letters[2]), raw='act=acknowledge', content_type=FORM).body
    assert browser.get(link[:-1] + ('0' if link[-1] != '0' else '1')).status == 404
    assert desk.admin.post(f'/v1/pages/{page["id"]}/acknowledge', None).problem(409)['rule'] == 'page-state'
    kinds = desk.kinds(incident)
    assert (kinds.count('paged'), kinds.count('page_escalated'), kinds.count('page_acknowledged')) == (1, 3, 1)
    assert 'paged' not in desk.kinds(calm), 'not as severe as the roster asks'
    desk.advance(1200)
    again = desk.incident()
    desk.page(lambda p: p.get('incident_id') == again['id'])
    assert len(desk.letters(sink, 5)) == 5, 'nobody is called for a page that was taken'


def test_severity_and_clocks_page_once_each(desk, sink):
    desk.roster(severity='high', warning_percent=100)
    incident = desk.incident('medium', 'medium', tracks=['customer'])
    where = f'/v1/incidents/{incident["id"]}'
    assess = lambda **f: desk.admin.post(where + '/assess', {**f, 'comment': 'x'}).expect(200)  # noqa: E731
    assess(urgency='high')
    desk.page()
    assess(urgency='medium')
    assess(urgency='high')
    assess(impact='high')
    wait_for(lambda: len(desk.pages()) == 2, 'a page a severity', 60, 0.1)
    assert {p['cause'].split('/', 1)[1] for p in desk.pages()} == {'severity/high', 'severity/critical'}
    desk.admin.post(where + '/roles', {'role': 'lead', 'user_id': desk.admin.user_id}).expect(200)
    for state in ('triage', 'confirmed'):
        desk.admin.post(where + '/move', {'state': state, 'comment': 'x'}).expect(200)
    desk.advance(25 * 3600)
    missed = desk.page(lambda p: '/duty/100/' in p['cause'] and 'customer-notice' in p['cause'])
    assert missed['incident_id'] == incident['id']
    mine = [p for p in desk.pages() if 'customer-notice' in p['cause']]
    assert len(mine) == 1, 'the earlier warnings are below what the roster asks for'
    for page in desk.pages():
        desk.people['carl'].post(f'/v1/pages/{page["id"]}/acknowledge', None)
    assert desk.show(missed)['acknowledger_id'] == desk.people['carl'].user_id


def test_swaps_absences_and_gaps(desk, sink):
    roster = desk.roster(severity='critical', first_level=desk.ids('anna', 'ben'), second_level=None, shift_hours=24, ahead_days=3)
    where = f'/v1/oncall-rosters/{roster["id"]}'
    turns = desk.admin.get(where + '/schedule?days=3').expect(200)['items']
    assert [t['user_id'] for t in turns][:3] == desk.ids('anna', 'ben', 'anna') and all(t['reachable'] for t in turns)
    first = parse(roster['first'])
    hours = [(parse(t['from']) - first).total_seconds() / 3600 for t in turns]
    assert hours[1:3] == [24.0, 48.0] and hours[0] > 0, "a turn is shown from when the roster was made"
    add = lambda status=201, **f: (lambda a: a.expect(201) if status == 201 else a.problem(status))(  # noqa: E731
        desk.admin.post(where + '/overrides', {'level': 1, **f}))
    swap = add(**{'from': desk.moment(minutes=-5)}, until=desk.moment(hours=2), user_id=desk.people['carl'].user_id)
    incident = desk.incident()
    assert desk.letters(sink, 1)[0].address == 'carl@ca.example'
    desk.admin.post(f'/v1/oncall-overrides/{swap["id"]}/end', None).expect(200)
    assert desk.admin.post(f'/v1/oncall-overrides/{swap["id"]}/end', None).problem(409)['rule'] == 'override-state'
    assert desk.admin.get(where + '/schedule').expect(200)['items'][0]['user_id'] == desk.people['anna'].user_id
    alerts = lambda: [i for i in desk.admin.pages('/v1/incidents') if i['title'] == 'Nobody is on call']  # noqa: E731
    assert alerts() == []
    add(**{'from': desk.moment(hours=30)}, until=desk.moment(hours=31))
    gap = wait_for(alerts, 'the gap is told in advance', 60, 0.2)
    assert len(gap) == 1 and 'level 1' in gap[0]['summary'] and gap[0]['severity'] == 'high'
    assert sum(not t['reachable'] for t in desk.admin.get(where + '/schedule').expect(200)['items']) == 1
    desk.admin.post('/v1/users/' + desk.people['ben'].user_id + '/disable', None)
    wait_for(lambda: sum(not t['reachable'] for t in desk.admin.get(where + '/schedule?days=3').expect(200)['items']) >= 1, 'ben is away', 30, 0.2)
    desk.advance(2)
    assert len(alerts()) == 1, 'further gaps count on the incident that is open'
    assert desk.kinds(incident).count('paged') == 1
    assert add(422, **{'from': desk.moment(hours=3)}, until=desk.moment(hours=2))['rule'] == 'time-order'
    assert add(422, **{'from': desk.moment(hours=-3)}, until=desk.moment(hours=-2))['rule'] == 'time-in-past'
    assert desk.admin.post(where + '/overrides', {'level': 2, 'from': desk.moment(), 'until': desk.moment(hours=2)}).problem(422)['rule'] == 'level-missing'
    assert desk.admin.post(where + '/end', None).expect(200)['ender_id'] == desk.admin.user_id
    assert desk.admin.post(where + '/end', None).problem(409)['rule'] == 'roster-ended'
    assert desk.admin.get('/v1/oncall-rosters').expect(200)['items'] == []


def test_a_test_page_is_answered_or_fails(desk, sink):
    roster = desk.roster(test_every_days=7)
    where = f'/v1/oncall-rosters/{roster["id"]}/test'
    made = desk.admin.post(where, {}).expect(201)
    assert made['test'] and 'incident_id' not in made and [x['user_id'] for x in made['letters']] == desk.ids('anna')
    letter = desk.letters(sink, 1)[0]
    assert 'test' in letter.message['Subject'] and 'Nothing has happened' in letter.text
    wait_for(lambda: desk.show(made)['letters'][0]['state'] == 'sent', 'it is noted', 60, 0.1)
    desk.instance.anonymous().post(link_of(letter), raw='act=acknowledge', content_type=FORM)
    assert desk.show(made)['state'] == 'acknowledged'
    failed = desk.admin.post(where, {'level': 2}).expect(201)
    desk.advance(601)
    wait_for(lambda: desk.show(failed)['state'] == 'unanswered', 'it has failed', 60, 0.1)
    assert (desk.show(failed)['level'], desk.show(failed)['round']) == (2, 1), 'a test climbs nowhere'
    wait_for(lambda: any('test page' in i['title'] for i in desk.admin.pages('/v1/incidents')), 'and is told', 60, 0.1)
    assert desk.admin.post(where, {'level': 3}).problem(422)['rule'] == 'level-missing'
    before = len([p for p in desk.pages() if p['test']])
    desk.advance(7 * 86400)
    wait_for(lambda: len([p for p in desk.pages() if p['test']]) == before + 2, 'by themselves, one a level', 60, 0.1)
    desk.advance(5)
    assert len([p for p in desk.pages() if p['test']]) == before + 2


def test_what_a_roster_is_refused_for(desk):
    other = desk.instance.user('operator', name='without an address')
    for fields, rule, field in (({'first_level': [other.user_id]}, 'person-unreachable', 'first_level'),
                                ({'second_level': ['usr_' + '0' * 26]}, 'user-unknown', 'second_level'),
                                ({'until': desk.moment(hours=-2)}, 'time-order', 'until'),
                                ({'second_level': None, 'third_level': desk.ids('carl')}, 'level-missing', 'second_level')):
        problem = desk.roster(422, **fields)
        assert (problem['rule'], problem['field']) == (rule, field)
    requester = desk.instance.people()['requester']
    requester.get('/v1/oncall-rosters').problem(403)
    requester.post('/v1/pages/pag_' + '0' * 26 + '/acknowledge', None).problem(403)
    desk.people['anna'].post('/v1/oncall-rosters', {'name': 'x', 'first': desk.moment(), 'shift_hours': 1, 'escalate_minutes': 1,
                                                    'first_level': desk.ids('anna')}).problem(403)
    desk.admin.post('/v1/pages/pag_' + '0' * 26 + '/acknowledge', None).problem(404)


def test_death_doubles_no_page_and_stops_no_clock(desk, sink):
    desk.roster()
    for _ in range(3):
        desk.incident()
    desk.instance.kill('core')
    desk.admin.close()
    desk.instance.wait_ready()

    def told():
        try:
            desk.advance(1)
            return len(desk.pages()) == 3 and sink.count >= 3 and all(x['state'] == 'sent' for p in desk.pages() for x in desk.show(p)['letters'])
        except (OSError, AssertionError):
            desk.admin.close()
            return False
    wait_for(told, 'a page each', 90, 0.5)
    assert len({one.delivery for one in sink.letters}) == 3, 'one Message-ID a page, whatever came in between'
    desk.advance(601)
    wait_for(lambda: all(p['level'] == 2 for p in desk.pages()), 'the clock went on', 60, 0.2)
    assert sorted(p['round'] for p in desk.pages()) == [1, 1, 1]
