"""Break-glass accounts: nothing until two other persons open one, for a time that ends by itself; an opening is an incident
with an alert, everything done by it is marked in the log, and nobody behind it is somebody's second person."""
import pytest

from harness.approvals import HOUR, House, approve
from harness.instance import wait_for

ASK = {'minutes': 30, 'ticket': 'OPS-1', 'reason': 'nobody of the administrators can be reached'}


@pytest.fixture(scope='module')
def house(instance):
    return House(instance)


def make(house):
    person = house.account()
    house.admin.post('/v1/break-glass', {'user_id': person.user_id, 'reason': 'for the worst day'}).expect(201)
    return person


def open_account(house, person, **fields):
    """The path of the proposal that opens it."""
    asked = house.admin.post(f'/v1/break-glass/{person.user_id}/open', {**ASK, **fields}).expect(201)
    return '/v1/proposals/' + asked['proposal_id']


def is_open(house, person):
    accounts = house.admin.get('/v1/break-glass').expect(200)['items']
    return next(a['open'] for a in accounts if a['user_id'] == person.user_id)


def has_rights(person):
    return person.get('/v1/users').status == 200


def incidents(house):
    return [i for i in house.admin.pages('/v1/incidents') if i['title'] == 'Break-glass account opened']


def test_it_takes_two_others_and_is_an_incident_with_an_alert(house):
    person = make(house)
    before = {i['id'] for i in incidents(house)}
    path = open_account(house, person)
    assert not has_rights(person) and not is_open(house, person)
    house.admin.post(path + '/approve', {'comment': 'me'}).problem(403, rule='requester-is-approver')
    person.post(path + '/approve', {'comment': 'me'}).problem(403, rule='permission-missing')
    assert {i['id'] for i in incidents(house)} == before
    assert house.second.post(path + '/approve', {'comment': 'yes'}).expect(200)['state'] == 'done'
    assert has_rights(person) and is_open(house, person)
    new = [i for i in incidents(house) if i['id'] not in before]
    assert len(new) == 1 and 'security' in new[0]['tracks'] and new[0]['impact'] == 'high'
    assert person.user_id in new[0]['summary'] and house.admin.user_id in new[0]['summary'] and 'OPS-1' in new[0]['summary']
    kinds = [e['kind'] for e in house.admin.get(f'/v1/incidents/{new[0]["id"]}/timeline').expect(200)['items']]
    assert 'alert_raised' in kinds
    entry = next(e for e in house.entries('object_id=' + new[0]['id']) if e['action'] == 'incident.alert')
    assert entry['actor_id'] == house.second.user_id and person.user_id in str(entry['details'])
    house.admin.post(f'/v1/break-glass/{person.user_id}/close').expect(200)
    assert not has_rights(person) and not is_open(house, person)
    house.second.post(path + '/approve', {'comment': 'again'}).problem(409)


def test_what_it_does_is_marked_and_it_is_nobodys_second_person(instance, house):
    person = make(house)
    house.second.post(open_account(house, person) + '/approve', {'comment': 'yes'}).expect(200)
    person.post('/v1/groups', {'name': 'made-by-break-glass'}).expect(201)
    entry = next(e for e in house.entries('actor_id=' + person.user_id) if e['action'] == 'group.create')
    assert '"break_glass":true' in str(entry['details']).replace("'", '"').replace('True', 'true').replace(' ', '')
    approve(person, instance.request()).problem(403, rule='break-glass-decides-nothing')
    other = make(house)
    path = open_account(house, other)
    person.post(path + '/approve', {'comment': 'yes'}).problem(403, rule='break-glass-decides-nothing')
    person.post(path + '/reject', {'comment': 'no'}).problem(403, rule='break-glass-decides-nothing')
    house.second.post(path + '/reject', {'comment': 'no'}).expect(200)
    assert not has_rights(other)
    person.post(f'/v1/break-glass/{person.user_id}/close').expect(200)
    assert not has_rights(person)


def test_rights_reach_it_by_no_other_way(house):
    person = make(house)
    rule = {'rule': 'break-glass-account'}
    house.admin.post('/v1/bindings', {'user_id': person.user_id, 'role': 'operator', 'all': True,
                                      'reason': 'x'}).problem(422, **rule)
    house.admin.post('/v1/bindings', {'user_id': person.user_id, 'role': 'operator', 'all': True, 'eligible': True,
                                      'reason': 'x'}).problem(422, **rule)
    house.admin.post(f'/v1/users/{person.user_id}/roles', {'roles': ['operator']}).problem(422, **rule)
    house.admin.post(f'/v1/groups/{house.group("glass")}/add', {'user_id': person.user_id}).problem(422, **rule)
    assert not has_rights(person)


def test_only_a_bare_account_becomes_one_and_nobody_makes_themselves_one(house, instance):
    ask = lambda client, user_id: client.post('/v1/break-glass', {'user_id': user_id, 'reason': 'x'})
    ask(house.admin, instance.user('operator').user_id).problem(422, rule='break-glass-has-rights')
    ask(house.admin, house.admin.user_id).problem(403, rule='granter-is-receiver')
    ask(house.admin, 'usr_00000000000000000000000000').problem(422, rule='user-unknown')
    ask(instance.people()['operator'], house.account().user_id).problem(403, rule='permission-missing')
    other = house.account()
    house.admin.post(f'/v1/break-glass/{other.user_id}/open', ASK).problem(404, rule='break-glass-unknown')
    house.admin.post(f'/v1/break-glass/{make(house).user_id}/open', {**ASK, 'minutes': 241}).problem(422)
    house.admin.post(f'/v1/break-glass/{make(house).user_id}/open', {'minutes': 5, 'reason': 'x'}).problem(422)


def test_it_closes_by_the_clock_and_an_unanswered_opening_lapses(make_instance):
    instance = make_instance(drill=True).start()
    house = House(instance)
    person, other = make(house), make(house)
    house.second.post(open_account(house, person) + '/approve', {'comment': 'yes'}).expect(200)
    waiting = open_account(house, other)
    assert has_rights(person)
    house.admin.post('/v1/system/clock', {'offset_s': HOUR + 60}).expect(200)
    assert not has_rights(person) and not is_open(house, person)
    house.second.post(waiting + '/approve', {'comment': 'late'}).problem(409)
    wait_for(lambda: house.admin.get(waiting).expect(200)['state'] == 'expired', 'the opening lapses')
    assert not has_rights(other)
