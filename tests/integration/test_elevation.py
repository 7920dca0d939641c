"""Just-in-time elevation: who is eligible for a role has it for minutes, with ticket and reason, and where a rule says so
after another person agreed; it ends by itself and with what it rests on."""
import pytest

from harness.approvals import HOUR, House, after, stage

ASK = {'minutes': 60, 'ticket': 'OPS-7', 'reason': 'a certificate expires tonight'}


@pytest.fixture(scope='module')
def home(instance):
    return House(instance)


@pytest.fixture
def house(home):
    yield home
    home.end_rules()


def roles(person):
    return person.get('/v1/me').expect(200)['roles']


def activate(person, binding, **fields):
    return person.post(f'/v1/bindings/{binding["id"]}/activate', {**ASK, **fields})


def eligible(house, instance, role='operator'):
    person = instance.user('basic-user')
    return person, house.bind(person, role, eligible=True, expires=after(30))


def test_being_eligible_gives_nothing_until_it_is_activated(instance, house):
    person, binding = eligible(house, instance)
    assert binding['state'] == 'eligible' and roles(person) == ['basic-user']
    active = activate(person, binding).expect(201)
    assert active['state'] == 'active' and active['source_id'] == binding['id'] and active['role'] == 'operator'
    assert active['start'] < active['expires'] < binding['expires'] and 'OPS-7' in active['reason']
    assert set(roles(person)) == {'basic-user', 'operator'}
    entry = next(e for e in house.entries('object_id=' + active['id']) if e['action'] == 'binding.activate')
    assert entry['actor_id'] == person.user_id and 'OPS-7' in str(entry['details']) and binding['id'] in str(entry['details'])


def test_ticket_reason_time_and_person_are_asked_for(instance, house):
    person, binding = eligible(house, instance)
    for missing in ASK:
        activate(person, binding, **{missing: None}).problem(422)
    activate(person, binding, minutes=721).problem(422)
    activate(instance.user('basic-user'), binding).problem(404)
    own = next(b for b in house.admin.pages('/v1/bindings') if b.get('user_id') == person.user_id and b['state'] == 'active')
    activate(person, own).problem(409, rule='binding-not-eligible')
    assert roles(person) == ['basic-user']


def test_where_a_rule_says_so_another_person_agrees_first(instance, house):
    person, binding = eligible(house, instance)
    house.rule('elevation', stage('any'), role='operator')
    waiting = activate(person, binding).expect(201)
    assert waiting['state'] == 'proposed' and roles(person) == ['basic-user']
    proposal = house.proposal(binding_id=waiting['id'])
    assert proposal['kind'] == 'elevation' and proposal['requester_id'] == person.user_id and proposal['minutes'] == 60
    person.post(f'/v1/proposals/{proposal["id"]}/approve', {'comment': 'me'}).problem(403)
    house.second.post(f'/v1/proposals/{proposal["id"]}/approve', {'comment': 'go'}).expect(200)
    assert 'operator' in roles(person)
    refused = activate(person, binding).expect(201)
    house.second.post(f'/v1/proposals/{house.proposal(binding_id=refused["id"])["id"]}/reject', {'comment': 'no'}).expect(200)
    states = {b['id']: b['state'] for b in house.admin.pages('/v1/bindings')}
    assert states[waiting['id']] == 'active' and states[refused['id']] == 'declined'


def test_it_is_no_longer_than_the_setting_of_the_moment(instance, house):
    def limit(minutes):
        house.admin.put('/v1/settings/elevation-life', {'value': minutes, 'reason': 'test'}).expect(200)
    person, binding = eligible(house, instance)
    house.rule('elevation', stage('any'), role='operator')
    waiting = activate(person, binding).expect(201)
    limit(20)
    activate(person, binding).problem(422, rule='elevation-too-long', field='minutes')
    house.second.post(f'/v1/proposals/{house.proposal(binding_id=waiting["id"])["id"]}/approve', {'comment': 'go'}).expect(200)
    active = house.admin.get(f'/v1/bindings/{waiting["id"]}').expect(200)
    assert active['state'] == 'active' and active['expires'] <= after(20 / (24 * 60))
    limit(720)


def test_it_ends_with_what_it_rests_on(instance, house):
    person, binding = eligible(house, instance)
    activate(person, binding).expect(201)
    assert 'operator' in roles(person)
    house.admin.post(f'/v1/bindings/{binding["id"]}/end').expect(200)
    assert roles(person) == ['basic-user']
    activate(person, binding).problem(409, rule='binding-not-eligible')


def test_what_it_rests_on_ended_while_it_waited(instance, house):
    person, binding = eligible(house, instance)
    house.rule('elevation', stage('any'), role='operator')
    waiting = activate(person, binding).expect(201)
    path = f'/v1/proposals/{house.proposal(binding_id=waiting["id"])["id"]}'
    house.admin.post(f'/v1/bindings/{binding["id"]}/end').expect(200)
    house.second.post(path + '/approve', {'comment': 'go'}).problem(409, rule='proposal-overtaken')
    assert roles(person) == ['basic-user']


def test_nobody_activates_what_they_may_not_hold_beside_the_rest(instance, house):
    person, binding = eligible(house, instance)
    house.bind(person, 'auditor')
    activate(person, binding).problem(422, rule='roles-conflict')
    assert set(roles(person)) == {'basic-user', 'auditor'}


def test_a_group_is_eligible_for_its_people(instance, house):
    person, group = instance.user('basic-user'), house.group('on-call')
    house.admin.post(f'/v1/groups/{group}/add', {'user_id': person.user_id}).expect(200)
    binding = house.admin.post('/v1/bindings', {'group_id': group, 'role': 'operator', 'all': True, 'eligible': True,
                                                'expires': after(30), 'reason': 'on call'}).expect(201)
    assert activate(person, binding).expect(201)['user_id'] == person.user_id
    assert 'operator' in roles(person)
    house.rule('elevation', stage('any'), role='operator')
    waiting = activate(person, binding).expect(201)
    house.admin.post(f'/v1/groups/{group}/remove', {'user_id': person.user_id}).expect(200)
    path = f'/v1/proposals/{house.proposal(binding_id=waiting["id"])["id"]}'
    house.second.post(path + '/approve', {'comment': 'go'}).problem(409, rule='proposal-overtaken')


def on_call(house, name, *people):
    """A group that is eligible for a role; the people are in it."""
    group = house.group(name)
    for person in people:
        house.admin.post(f'/v1/groups/{group}/add', {'user_id': person.user_id}).expect(200)
    return group, house.admin.post('/v1/bindings', {'group_id': group, 'role': 'operator', 'all': True, 'eligible': True,
                                                    'expires': after(30), 'reason': 'on call'}).expect(201)


def test_who_leaves_the_group_loses_what_they_activated_through_it(instance, house):
    person, stays = instance.user('basic-user'), instance.user('basic-user')
    group, binding = on_call(house, 'rota', person, stays)
    mine = activate(person, binding).expect(201)
    activate(stays, binding).expect(201)
    own = house.bind(person, 'manager', eligible=True, expires=after(30))
    activate(person, own).expect(201)
    house.admin.post(f'/v1/groups/{group}/remove', {'user_id': person.user_id}).expect(200)
    assert set(roles(person)) == {'basic-user', 'manager'}, 'what they were eligible for themselves goes on'
    assert 'operator' in roles(stays)
    ended = house.admin.get(f'/v1/bindings/{mine["id"]}').expect(200)
    assert ended['state'] == 'ended' and 'ended_by' not in ended
    versions = house.admin.get('/v1/changes?object=binding').expect(200)['items']
    assert (versions[0]['action'], versions[0]['fields']) == ('group.member.remove', ['ended_us'])
    activate(person, binding).problem(404)


def test_a_group_taken_out_of_another_ends_them_too(instance, house):
    inner_person, direct, twice = (instance.user('basic-user') for _ in range(3))
    group, binding = on_call(house, 'outer', direct, twice)
    inner = house.group('inner')
    for person in (inner_person, twice):
        house.admin.post(f'/v1/groups/{inner}/add', {'user_id': person.user_id}).expect(200)
    house.admin.post(f'/v1/groups/{group}/nest', {'child_id': inner}).expect(200)
    for person in (inner_person, direct, twice):
        activate(person, binding).expect(201)
    house.admin.post(f'/v1/groups/{group}/remove', {'user_id': twice.user_id}).expect(200)
    assert 'operator' in roles(twice), 'they are still in it through the inner group'
    house.admin.post(f'/v1/groups/{group}/unnest', {'child_id': inner}).expect(200)
    assert roles(inner_person) == roles(twice) == ['basic-user'] and 'operator' in roles(direct)


def test_it_ends_by_the_clock(make_instance):
    instance = make_instance(drill=True).start()
    house = House(instance)
    person, binding = eligible(house, instance)
    activate(person, binding, minutes=30).expect(201)
    assert 'operator' in roles(person)
    house.admin.post('/v1/system/clock', {'offset_s': HOUR // 2 + 60}).expect(200)
    assert roles(person) == ['basic-user']
    activate(person, binding).expect(201)
    assert 'operator' in roles(person)
