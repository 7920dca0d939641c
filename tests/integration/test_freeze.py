"""Keeping accounts and credentials from acting: every protocol refuses at the next request, nothing is lost, and somebody else lifts it."""
import datetime

import pytest

from harness import acme, login, pki
from harness.scim import Directory


@pytest.fixture
def incident(admin):
    return admin.post('/v1/incidents', {'type': 'platform_compromise', 'impact': 'high', 'urgency': 'high', 'source': 'self_reported',
                                        'title': 'T', 'summary': 'S'}).expect(201)


@pytest.fixture
def officer(instance):
    return instance.user('security-officer')


@pytest.fixture
def freeze(admin, officer, incident):
    """Places freezes and lifts in the end what still stands."""
    placed = []

    def one(kind, status=201, client=None, **fields):
        answer = (client or admin).post('/v1/freezes', {'incident_id': incident['id'], 'kind': kind, 'reason': 'it is in strange hands', **fields})
        if status != 201:
            return answer.problem(status)
        placed.append(answer.expect(201))
        return placed[-1]
    yield one
    for made in placed:
        officer.post(f'/v1/freezes/{made["id"]}/lift', {'reason': 'over'})


def trial(admin, incident, kind, **fields):
    return admin.post('/v1/freeze-trial', {'incident_id': incident['id'], 'kind': kind, 'reason': 'x', **fields}).expect(200)


def lift(officer, made):
    return officer.post(f'/v1/freezes/{made["id"]}/lift', {'reason': 'they have it back'})


def test_a_frozen_user_is_refused_by_every_way_in(instance, admin, officer, incident, freeze):
    person = login.Person(instance, 'requester')
    browser = person.login()
    world = acme.World(instance)
    account = world.account(world.eab(person.token))
    account.order('before.example.org')
    hit = trial(admin, incident, 'user', user_id=person.id)
    assert hit['token_count'] >= 1 and hit['session_count'] == 1 and hit['acme_account_count'] == 1 and hit['recent_count'] == 1
    assert hit['days'] == 30 and not hit['last_administrator'] and hit['service_account_count'] == 0
    person.token.get('/v1/me').expect(200)
    made = freeze('user', user_id=person.id)
    assert made['user_id'] == person.id and 'token_id' not in made
    person.token.get('/v1/me').problem(401)
    assert browser.get('/v1/me').status == 401
    acme.problem(account.new_order('after.example.org'), 'unauthorized')
    fresh = login.Browser(instance)
    fresh.login(person.account, person.password, person.code()).problem(401)
    assert admin.get('/v1/users/' + person.id).expect(200)['state'] == 'active', 'a freeze changes nothing about them'
    assert lift(admin, made).problem(403)['rule'] == 'placer-lifts'
    lifted = lift(officer, made).expect(200)
    assert lifted['lifter_id'] == officer.user_id
    assert lift(officer, made).problem(409)['rule'] == 'freeze-lifted'
    person.token.get('/v1/me').expect(200)
    assert browser.get('/v1/me').status == 200, 'everything is as it was'
    account.order('again.example.org')
    kinds = [e['kind'] for e in admin.get(f'/v1/incidents/{incident["id"]}/timeline').expect(200)['items']]
    assert kinds[-2:] == ['access_frozen', 'access_unfrozen']
    listed = list(admin.pages('/v1/freezes?lifted=true'))
    assert made['id'] in [f['id'] for f in listed] and made['id'] not in [f['id'] for f in admin.pages('/v1/freezes')]


def test_a_token_a_session_an_acme_account_and_a_directory(instance, admin, officer, incident, freeze):
    person = login.Person(instance, 'requester')
    one = person.token.post('/v1/tokens', {'label': 'one', 'expires_in_days': 5}).expect(201)
    below = person.token.with_token(one['secret']).post('/v1/tokens', {'label': 'below', 'expires_in_days': 3}).expect(201)
    assert trial(admin, incident, 'token', token_id=one['token']['id'])['token_count'] == 2
    made = freeze('token', token_id=one['token']['id'])
    for text in (one['secret'], below['secret']):
        person.token.with_token(text).get('/v1/me').problem(401)
    person.token.get('/v1/me').expect(200)
    lift(officer, made).expect(200)
    person.token.with_token(below['secret']).get('/v1/me').expect(200)

    browser = person.login()
    session = person.token.get('/v1/sessions').expect(200)['items'][0]
    assert trial(admin, incident, 'session', session_id=session['id'])['session_count'] == 1
    freeze('session', session_id=session['id'])
    assert browser.get('/v1/me').status == 401
    person.token.get('/v1/me').expect(200)

    world = acme.World(instance)
    account, other = world.account(), world.account()
    order = account.new_order('held.example.org').json()
    mine = next(a for a in admin.pages('/v1/acme-accounts') if account.kid.endswith(a['id']))
    assert trial(admin, incident, 'acme_account', acme_account_id=mine['id'])['acme_account_count'] == 1
    made = freeze('acme_account', acme_account_id=mine['id'])
    acme.problem(account.finalize(order, pki.csr(['DNS:held.example.org'], form='DER')), 'unauthorized')
    other.order('free.example.org')
    lift(officer, made).expect(200)
    assert account.finalize(order, pki.csr(['DNS:held.example.org'], form='DER')).status == 200

    directory = Directory(instance)
    directory.get('/Users').expect(200)
    freeze('user', user_id=directory.id)
    assert directory.get('/Users').status == 401


def test_what_is_refused(instance, admin, officer, incident, freeze):
    assert freeze('user', 409, client=officer, user_id=admin.user_id)['rule'] == 'last-administrator'
    assert trial(officer, incident, 'user', user_id=admin.user_id)['last_administrator']
    admin.get('/v1/me').expect(200)
    second = instance.user('administrator')
    made = freeze('user', client=officer, user_id=second.user_id)
    assert admin.post(f'/v1/users/{second.user_id}/disable', None).status == 200
    assert officer.post('/v1/freezes', {'incident_id': incident['id'], 'kind': 'user', 'user_id': admin.user_id, 'reason': 'x'}).problem(409)[
        'rule'] == 'last-administrator'
    lift(admin, made).expect(200)
    assert freeze('user', 422, user_id=admin.user_id)['rule'] == 'freeze-own'
    problem = freeze('user', 422, token_id='tok_' + '0' * 26)
    assert (problem['rule'], problem['field']) == ('freeze-member', 'user_id')
    for kind, field, text in (('user', 'user_id', 'usr_'), ('token', 'token_id', 'tok_'), ('session', 'session_id', 'ses_'),
                              ('acme_account', 'acme_account_id', 'aca_')):
        problem = freeze(kind, 422, **{field: text + '0' * 26})
        assert (problem['rule'], problem['field']) == ('freeze-object-unknown', field)
    requester = instance.people()['requester']
    requester.post('/v1/freezes', {'incident_id': incident['id'], 'kind': 'user', 'user_id': admin.user_id, 'reason': 'x'}).problem(403)
    assert admin.post('/v1/freezes/frz_' + '0' * 26 + '/lift', {'reason': 'x'}).problem(404)['rule'] == 'freeze-unknown'


def test_a_robot_of_the_frozen_person_does_not_lift_it(instance, admin, officer, freeze):
    owner = login.Person(instance, 'security-officer')
    robot = admin.post('/v1/service-accounts', {'display_name': 'robot', 'purpose': 'test', 'owner_id': owner.id}).expect(201)
    expires = (datetime.datetime.utcnow() + datetime.timedelta(days=10)).strftime('%Y-%m-%dT%H:%M:%SZ')
    admin.post('/v1/bindings', {'user_id': robot['id'], 'role': 'incident-manager', 'all': True, 'expires': expires, 'reason': 'a test'}).expect(201)
    make = lambda client: client.post(f'/v1/service-accounts/{robot["id"]}/tokens', {'label': 'x', 'expires_in_days': 2}).expect(201)['secret']  # noqa: E731
    below, free = instance.anonymous(token=make(owner.token)), instance.anonymous(token=make(owner.login()))
    made = freeze('user', user_id=owner.id)
    owner.token.get('/v1/me').problem(401)
    below.get('/v1/me').problem(401)
    free.get('/v1/me').expect(200)
    assert lift(free, made).problem(403)['rule'] == 'frozen-lifts'
    owner.token.get('/v1/me').problem(401)
    lift(officer, made).expect(200)
    below.get('/v1/me').expect(200)
