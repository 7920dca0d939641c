"""Logging in through OpenID Connect: what a provider's word is worth, what its groups give and take, and what it cannot do.
The provider is tests/harness/oidc.py, which breaks one rule at a time; a foreign one is in tests/interop."""
import time

import pytest

from harness.login import SESSION, Browser, Person, now_of
from harness.oidc import Provider, SigningKey

OIDC = '__Host-cx-oidc'


@pytest.fixture(scope='module')
def instance(make_instance):
    made = make_instance(drill=True, settings={'outbound_allow_private': 'true'}).start()
    made.enroll_admin()
    made.offset = 0
    return made


def advance(instance, seconds):
    instance.offset += seconds
    instance.enroll_admin().post('/v1/system/clock', {'offset_s': instance.offset}).expect(200)


@pytest.fixture(scope='module')
def evil(instance):
    made = Provider(lambda: now_of(instance))
    yield made
    made.stop()


@pytest.fixture
def evil_time():
    made = []

    def make():
        made.append(Provider(time.time))
        return made[-1]
    yield make
    for provider in made:
        provider.stop()


@pytest.fixture(autouse=True)
def honest(evil):
    """Each test bends what it bends."""
    evil.bend, evil.header, evil.answer, evil.user, evil.discovery = {}, {}, {}, {}, {}
    evil.alg = evil.publish = None


@pytest.fixture(scope='module')
def ops(instance):
    return instance.enroll_admin().post('/v1/groups', {'name': 'ops'}).expect(201)


@pytest.fixture(scope='module')
def setter(instance):
    """Who sets the rules is given nothing by them, so the first administrator does not."""
    return instance.user('administrator', name='Setter')


def settings(evil, ops, **more):
    return {'client_id': evil.CLIENT, 'client_secret': evil.SECRET, 'scopes': ['profile', 'groups'],
            'ca_certificates': evil.ca, 'provision': True, 'factor_amrs': ['otp', 'hwk'],
            'rules': [{'claim': 'auditors', 'gives': 'role:auditor'}, {'claim': 'operators', 'gives': 'role:operator'},
                      {'claim': 'admins', 'gives': 'role:administrator'}, {'claim': 'ops', 'gives': 'group:' + ops['id']}], **more}


@pytest.fixture(scope='module')
def provider(instance, evil, ops, setter):
    made = setter.post('/v1/oidc-providers', {'name': 'evil', 'issuer': evil.issuer, **settings(evil, ops)}).expect(201)
    assert made['redirect_uri'] == instance.url + '/v1/login/oidc/callback'
    assert made['has_client_secret'] and evil.SECRET not in str(made)
    return made


def begin(instance, browser=None, **more):
    browser = browser or Browser(instance)
    return browser, browser.post('/v1/login/oidc/start', {'provider': 'evil', **more}).expect(200)['authorization_url']


def login(instance, evil, browser=None, start=None, sub='alice', **claims):
    browser, url = begin(instance, browser, **(start or {}))
    return browser, browser.post('/v1/login/oidc', evil.authorize(url, sub=sub, **claims))


def who(instance, sub):
    """The user that a subject is. They may have no role, and then not even see themselves."""
    admin = instance.enroll_admin()
    user_id, = [i['user_id'] for i in admin.pages('/v1/oidc-identities') if i['subject'] == sub]
    return admin.get('/v1/users/' + user_id).expect(200)


def entries(instance, action):
    return list(instance.enroll_admin().pages(f'/v1/audit/entries?action={action}'))


def test_a_login_makes_a_session_and_the_same_subject_is_the_same_user(instance, evil, provider):
    browser, answer = login(instance, evil, name='Alice A.', groups=['operators', 'unknown'])
    session = answer.expect(201)['session']
    assert session['method'] == 'oidc' and 'factor' not in session
    assert set(browser.cookies) == {SESSION}
    first = browser.get('/v1/me').expect(200)
    assert first['display_name'] == 'Alice A.' and first['roles'] == ['operator']
    again, answer = login(instance, evil, name='Another name', groups=['operators'])
    answer.expect(201)
    assert again.get('/v1/me').expect(200)['user_id'] == first['user_id']
    login(instance, evil, sub='Alice')[1].expect(201)
    assert who(instance, 'Alice')['id'] != first['user_id'] and who(instance, 'Alice')['roles'] == []


def test_a_stolen_address_is_nobody(instance, evil, provider):
    victim = Person(instance, 'administrator', email='victim@example.org')
    browser, answer = login(instance, evil, sub='thief', email='victim@example.org', email_verified=True)
    answer.expect(201)
    assert who(instance, 'thief')['id'] != victim.id and who(instance, 'thief')['roles'] == []
    browser.get('/v1/users').problem(403, rule='permission-missing')


def test_groups_are_followed_and_taken_back(instance, evil, provider, ops):
    admin = instance.enroll_admin()
    login(instance, evil, sub='bob', groups=['operators', 'ops'])[1].expect(201)
    bob = who(instance, 'bob')
    assert bob['roles'] == ['operator']
    members = lambda: admin.get('/v1/groups/' + ops['id']).expect(200)['members']  # noqa: E731
    assert bob['id'] in members()
    # A right by hand is nothing of the provider's.
    admin.post('/v1/bindings', {'user_id': bob['id'], 'role': 'requester', 'all': True, 'reason': 'by hand'}).expect(201)
    login(instance, evil, sub='bob', groups='ops')[1].expect(201)
    assert who(instance, 'bob')['roles'] == ['requester'] and bob['id'] in members()
    login(instance, evil, sub='bob')[1].expect(201)
    assert who(instance, 'bob')['roles'] == ['requester'] and bob['id'] not in members()
    done = [e for e in entries(instance, 'login.oidc') if e['outcome'] == 'done']
    assert done and all(e['actor_id'] for e in done)


def test_duties_stay_separate_and_taking_is_not_held_up(instance, evil, provider):
    login(instance, evil, sub='carol', groups=['operators'])[1].expect(201)
    carol = who(instance, 'carol')
    assert carol['roles'] == ['operator']
    _, answer = login(instance, evil, sub='carol', groups=['auditors', 'admins'])
    answer.problem(422, rule='roles-conflict')
    assert who(instance, 'carol')['roles'] == []
    denied = [e for e in entries(instance, 'login.oidc') if e['outcome'] == 'denied' and e.get('object_id') == carol['id']]
    assert denied
    # The same with a role that somebody gave by hand.
    instance.enroll_admin().post('/v1/bindings', {'user_id': carol['id'], 'role': 'requester', 'all': True, 'reason': 'x'}).expect(201)
    login(instance, evil, sub='carol', groups=['auditors'])[1].problem(422, rule='roles-conflict')


def test_what_others_decide_on_is_not_given_by_a_login(instance, evil, provider, ops):
    """Neither the role itself nor a group that has it; what is there already stays, and the rest is given."""
    admin = instance.enroll_admin()
    login(instance, evil, sub='dora', groups=['operators'])[1].expect(201)
    group_role = admin.post('/v1/bindings', {'group_id': ops['id'], 'role': 'requester', 'all': True, 'reason': 'x'}).expect(201)
    rules = [admin.post('/v1/approval-rules', {'action': 'role_grant', 'role': role, 'reason': 'x',
                                               'stages': [{'who': 'any', 'approvers': 1}]}).expect(201)
             for role in ('operator', 'requester')]
    login(instance, evil, sub='emil', groups=['operators', 'ops'])[1].expect(201)
    emil = who(instance, 'emil')
    assert emil['roles'] == [] and emil['id'] not in admin.get('/v1/groups/' + ops['id']).expect(200)['members']
    entry = next(e for e in entries(instance, 'login.oidc') if e['actor_id'] == emil['id'])
    assert 'operator' in str(entry['details']['withheld']) and ops['id'] in str(entry['details']['withheld'])
    login(instance, evil, sub='dora', groups=['operators'])[1].expect(201)
    assert who(instance, 'dora')['roles'] == ['operator']
    for rule in rules:
        admin.post(f'/v1/approval-rules/{rule["id"]}/end', {'reason': 'over'}).expect(200)
    admin.post(f'/v1/bindings/{group_role["id"]}/end').expect(200)
    login(instance, evil, sub='emil', groups=['operators', 'ops'])[1].expect(201)
    assert who(instance, 'emil')['roles'] == ['operator']


def test_the_last_administrator_stays_one(make_instance, evil_time):
    """A provider that no longer gives the last administrator their role does not leave the tenant without one: the role
    stays, an alert says so, and the first login after there is another one takes it."""
    instance = make_instance(settings={'outbound_allow_private': 'true'}).start()
    admin = instance.enroll_admin()
    evil = evil_time()
    setter = instance.user('administrator', name='Setter')
    made = setter.post('/v1/oidc-providers', {'name': 'evil', 'issuer': evil.issuer, 'client_id': evil.CLIENT,
                                              'client_secret': evil.SECRET, 'ca_certificates': evil.ca, 'provision': True,
                                              'scopes': ['groups'], 'factor_amrs': ['otp'],
                                              'rules': [{'claim': 'admins', 'gives': 'role:administrator'}]}).expect(201)
    browser, answer = login(instance, evil, sub='boss', groups=['admins'], amr=['otp'], auth_time=int(evil.now()))
    answer.expect(201)
    boss = browser.get('/v1/me').expect(200)
    assert boss['roles'] == ['administrator']
    for person in (admin, setter):
        browser.post(f'/v1/users/{person.user_id}/disable').expect(200)
    again, answer = login(instance, evil, sub='boss', amr=['otp'], auth_time=int(evil.now()))
    answer.expect(201)
    assert again.get('/v1/me').expect(200)['roles'] == ['administrator']
    titles = [i['title'] for i in again.get('/v1/incidents').expect(200)['items']]
    assert titles == ["The last administrator's role was not taken back"]
    again.post(f'/v1/oidc-providers/{made["id"]}/disable').expect(200)
    again.get('/v1/me').problem(401)  # its sessions end all the same


def test_nobody_is_given_a_right_by_their_own_rule(instance, evil, provider, setter):
    admin = instance.enroll_admin()
    setter.post('/v1/oidc-identities', {'provider_id': provider['id'], 'subject': 'me', 'user_id': setter.user_id}) \
        .problem(403, rule='granter-is-receiver')
    admin.post('/v1/oidc-identities', {'provider_id': provider['id'], 'subject': 'setter', 'user_id': setter.user_id}).expect(201)
    login(instance, evil, sub='setter', groups=['operators'])[1].expect(201)
    assert 'operator' not in who(instance, 'setter')['roles']


def test_who_says_who_somebody_is_could_be_them(instance, evil, provider):
    """A linked identity counts like enrolling: the linker does not approve what the linked person asks for."""
    admin, people = instance.enroll_admin(), instance.people()
    login(instance, evil, sub='first')[1].expect(201)
    linked = who(instance, 'first')['id']
    made = admin.post('/v1/oidc-identities', {'provider_id': provider['id'], 'subject': 'second', 'user_id': linked}).expect(201)
    admin.post('/v1/bindings', {'user_id': linked, 'role': 'requester', 'all': True, 'reason': 'x'}).expect(201)
    browser, answer = login(instance, evil, sub='second')
    answer.expect(201)
    assert browser.get('/v1/me').expect(200)['user_id'] == linked
    admin.post('/v1/oidc-identities', {'provider_id': provider['id'], 'subject': 'second', 'user_id': people['operator'].user_id}) \
        .problem(409, rule='oidc-subject-taken')
    admin.post(f'/v1/oidc-identities/{made["id"]}/remove').expect(200)
    # The session was of that provider and user; the tie stays.
    assert browser.get('/v1/me').status == 401
    asking, answer = login(instance, evil, sub='first')
    answer.expect(201)
    from harness import pki
    asked = asking.post('/v1/requests', {'certificate_profile': instance.profile('server-tls')['name'],
                                         'csr': pki.csr(['DNS:www.example.org'])}).expect(201)
    admin.post(f'/v1/requests/{asked["id"]}/approve', {'comment': 'x'}).problem(403, rule='requester-enrolled-by-approver')


def test_a_privileged_role_needs_a_second_factor(instance, evil, provider):
    weak, answer = login(instance, evil, sub='root', groups=['admins'], amr=['pwd'])
    answer.expect(201)
    assert weak.get('/v1/me').expect(200)['roles'] == ['administrator']
    weak.get('/v1/users').problem(403, rule='second-factor-required')
    weak.post('/v1/groups', {'name': 'weak'}).problem(403, rule='second-factor-required')
    now = int(now_of(instance))
    strong, answer = login(instance, evil, sub='root', groups=['admins'], amr=['pwd', 'otp'], auth_time=now - 30)
    assert answer.expect(201)['session']['factor']
    strong.get('/v1/users').expect(200)
    strong.post('/v1/users', {'display_name': 'x', 'roles': ['requester']}).expect(201)
    # A factor that was proved long ago opens the session, and does not step up.
    old, answer = login(instance, evil, sub='root', groups=['admins'], amr=['otp'], auth_time=now - 3600)
    answer.expect(201)
    old.get('/v1/users').expect(200)
    old.post('/v1/users', {'display_name': 'x', 'roles': []}).problem(403, rule='step-up-required')
    undated, answer = login(instance, evil, sub='root', groups=['admins'], amr=['otp'])
    answer.expect(201)
    undated.post('/v1/users', {'display_name': 'x', 'roles': []}).problem(403, rule='step-up-required')
    # fresh: the provider has to ask again, and to say that it did.
    fresh = {'fresh': True}
    _, url = begin(instance, **fresh)
    assert 'prompt=login' in url and 'max_age=0' in url
    login(instance, evil, sub='root', start=fresh, amr=['otp'])[1].problem(401, rule='id-token-auth-time')
    login(instance, evil, sub='root', start=fresh, amr=['otp'], auth_time=now - 3600)[1].problem(401, rule='id-token-auth-time')
    login(instance, evil, sub='root', start=fresh, amr=['otp'], auth_time=int(now_of(instance)))[1].expect(201)


BENT = [
    ('id-token-issuer', {'iss': 'https://elsewhere.example'}, {}),
    ('id-token-audience', {'aud': 'client-2'}, {}),
    ('id-token-audience', {'aud': []}, {}),
    ('id-token-azp', {'aud': ['client-1', 'client-2']}, {}),
    ('id-token-azp', {'azp': 'client-2'}, {}),
    ('id-token-nonce', {'nonce': 'x' * 43}, {}),
    ('id-token-nonce', {'nonce': None}, {}),
    ('id-token-expired', {'exp': 1000}, {}),
    ('id-token-issued', {'iat': 1000}, {}),
    ('id-token-issued', {'iat': 9999999999}, {}),
    ('id-token-at-hash', {'at_hash': 'AAAAAAAAAAAAAAAAAAAAAA'}, {}),
    ('id-token-subject', {'sub': ''}, {}),
    (None, {'sub': None}, {}),
    (None, {'iat': None}, {}),
    (None, {'exp': '99999999999'}, {}),
    ('oidc-groups-left-out', {'_claim_names': {'groups': 'src1'}}, {}),
    ('jws-alg', {}, {'alg': 'none'}),
    ('jws-alg', {}, {'alg': 'NONE'}),
    ('id-token-alg', {}, {'alg': 'HS256'}),
    ('id-token-signature', {}, {'alg': 'RS256', 'kid': 'one', 'typ': 'changed after signing'}),
    ('id-token-kid', {}, {'alg': 'ES256'}),
    ('id-token-kid', {}, {'kid': 'unknown'}),
    ('jws-crit', {}, {'crit': ['x'], 'x': 1}),
]


@pytest.mark.parametrize('rule,bend,header', BENT, ids=[f'{i}-{b[0]}' for i, b in enumerate(BENT)])
def test_a_bent_token_lets_nobody_in(instance, evil, provider, rule, bend, header, monkeypatch):
    evil.bend, evil.header = bend, dict(header)
    if rule == 'id-token-signature':
        monkeypatch.setattr(evil, 'keys', [SigningKey('one')])
        evil.publish = [k for k in [provider_key(evil)]]
    before = len(entries(instance, 'login.oidc'))
    browser, answer = login(instance, evil, sub='mallory')
    problem = answer.problem(401, rule=rule)
    assert problem['rule'] and set(browser.cookies) == {OIDC}
    denied = entries(instance, 'login.oidc')
    assert len(denied) == before + 1 and denied[0]['outcome'] == 'denied'


FIRST = {}


def provider_key(evil):
    """The key that the server has seen by now."""
    return FIRST['key']


@pytest.fixture(scope='module', autouse=True)
def remember(evil):
    FIRST['key'] = evil.keys[0]


def test_keys_rotate(instance, evil, provider, monkeypatch):
    login(instance, evil, sub='dora')[1].expect(201)
    advance(instance, 60)
    monkeypatch.setattr(evil, 'keys', [SigningKey('two', 'ES256'), evil.keys[0]])
    login(instance, evil, sub='dora')[1].expect(201)
    fetched = evil.asked.count('/jwks')
    login(instance, evil, sub='dora')[1].expect(201)
    assert evil.asked.count('/jwks') == fetched, 'keys are kept'
    # An unknown key is asked for once in a while, not with each login.
    evil.header = {'kid': 'three'}
    for _ in range(3):
        login(instance, evil, sub='dora')[1].problem(401, rule='id-token-kid')
    assert evil.asked.count('/jwks') == fetched
    # A token that names no key is only good where a single key fits.
    evil.header = {'kid': None}
    login(instance, evil, sub='dora')[1].expect(201)
    advance(instance, 60)
    monkeypatch.setattr(evil, 'keys', [SigningKey('four', 'ES256'), SigningKey('five', 'ES256')])
    evil.header = {}
    login(instance, evil, sub='dora')[1].expect(201)
    evil.header = {'kid': None}
    login(instance, evil, sub='dora')[1].problem(401, rule='id-token-kid-missing')
    advance(instance, 700)


def test_the_login_is_of_the_browser_that_began_it(instance, evil, provider):
    browser, url = begin(instance)
    answer = evil.authorize(url, sub='eve')
    stranger = Browser(instance)
    stranger.post('/v1/login/oidc', answer).problem(401, rule='oidc-state')
    begin(instance, stranger)
    stranger.post('/v1/login/oidc', answer).problem(401, rule='oidc-state')  # a cookie of another login
    browser.post('/v1/login/oidc', answer, origin='https://evil.example').problem(401, rule='origin')
    cookie = browser.cookies[OIDC]
    browser.cookies[OIDC] = cookie[:40] + ('A' if cookie[40] != 'A' else 'B') + cookie[41:]
    browser.post('/v1/login/oidc', answer).problem(401, rule='oidc-state')
    browser.cookies[OIDC] = cookie
    browser.post('/v1/login/oidc', answer).expect(201)
    browser.cookies[OIDC] = cookie
    browser.post('/v1/login/oidc', evil.authorize(url, sub='eve')).problem(401, rule='oidc-state')  # once
    browser, url = begin(instance)
    advance(instance, 601)
    browser.post('/v1/login/oidc', evil.authorize(url, sub='eve')).problem(401, rule='oidc-state')


def test_answers_of_another_provider_and_refusals(instance, evil, provider):
    browser, url = begin(instance)
    answer = evil.authorize(url, sub='eve')
    browser.post('/v1/login/oidc', {**answer, 'iss': 'https://elsewhere.example'}).problem(401, rule='oidc-iss')
    browser, url = begin(instance)
    answer = evil.authorize(url, sub='eve')
    browser.post('/v1/login/oidc', {k: answer[k] for k in ('code', 'state')}).problem(401, rule='oidc-iss')
    browser, url = begin(instance)
    answer = evil.authorize(url, sub='eve')
    browser.post('/v1/login/oidc', {'error': 'access_denied', 'state': answer['state'], 'iss': evil.issuer}) \
        .problem(401, rule='oidc-provider-error')
    browser, url = begin(instance)
    browser.post('/v1/login/oidc', {**evil.authorize(url, sub='eve'), 'code': 'guessed'}).problem(401, rule='oidc-code')
    Browser(instance).post('/v1/login/oidc/start', {'provider': 'nobody'}).problem(401, rule='oidc-provider-unknown')


def test_userinfo_of_somebody_else(instance, evil, provider, setter, ops):
    update = f'/v1/oidc-providers/{provider["id"]}/update'
    setter.post(update, settings(evil, ops, userinfo=True)).expect(200)
    evil.user = {'sub': 'frank', 'name': 'Frank F.', 'groups': ['operators']}
    browser, answer = login(instance, evil, sub='frank')
    answer.expect(201)
    me = browser.get('/v1/me').expect(200)
    assert me['roles'] == ['operator'] and me['display_name'] == 'Frank F.'
    evil.user = {'sub': 'somebody', 'groups': ['admins']}
    login(instance, evil, sub='frank')[1].problem(401, rule='oidc-userinfo-subject')
    setter.post(update, settings(evil, ops)).expect(200)


def test_tls_is_verified_and_discovery_is_the_issuers(instance, evil, provider, setter, ops):
    other = {'issuer': evil.issuer, **settings(evil, ops)}
    setter.post('/v1/oidc-providers', {**other, 'name': 'no-root', 'ca_certificates': ''}).expect(201)
    Browser(instance).post('/v1/login/oidc/start', {'provider': 'no-root'}).problem(503, rule='oidc-provider-unreachable')
    evil.discovery = {'issuer': 'https://elsewhere.example'}
    setter.post('/v1/oidc-providers', {**other, 'name': 'mismatch'}).expect(201)
    Browser(instance).post('/v1/login/oidc/start', {'provider': 'mismatch'}).problem(401, rule='oidc-issuer')
    evil.discovery = {'code_challenge_methods_supported': ['plain']}
    setter.post('/v1/oidc-providers', {**other, 'name': 'no-pkce'}).expect(201)
    Browser(instance).post('/v1/login/oidc/start', {'provider': 'no-pkce'}).problem(401, rule='oidc-pkce')
    setter.post('/v1/oidc-providers', {**other, 'name': 'plain', 'issuer': 'http://example.org'}).problem(400)
    for gives in ('role:no-such-role', 'group:grp_' + '0' * 26):
        setter.post('/v1/oidc-providers', {**other, 'name': 'rule', 'rules': [{'claim': 'x', 'gives': gives}]}).problem(422)
    for outsider in ('operator', 'auditor'):
        instance.people()[outsider].post('/v1/oidc-providers', {**other, 'name': 'x'}).problem(403, rule='permission-missing')


def test_disabling_ends_what_the_provider_gave(instance, evil, provider):
    admin = instance.enroll_admin()
    browser, answer = login(instance, evil, sub='gina', groups=['operators'])
    answer.expect(201)
    gina = browser.get('/v1/me').expect(200)['user_id']
    admin.post(f'/v1/oidc-providers/{provider["id"]}/disable').expect(200)
    assert browser.get('/v1/me').status == 401
    assert admin.get('/v1/users/' + gina).expect(200)['roles'] == []
    Browser(instance).post('/v1/login/oidc/start', {'provider': 'evil'}).problem(401, rule='oidc-provider-unknown')
    admin.post(f'/v1/oidc-providers/{provider["id"]}/enable').expect(200)
    admin.post(f'/v1/users/{gina}/disable').expect(200)
    login(instance, evil, sub='gina')[1].problem(401, rule='oidc-user-disabled')


def test_without_provisioning_a_stranger_stays_one(instance, evil, provider, setter, ops):
    setter.post(f'/v1/oidc-providers/{provider["id"]}/update', settings(evil, ops, provision=False)).expect(200)
    login(instance, evil, sub='stranger')[1].problem(401, rule='oidc-user-unknown')
    setter.post(f'/v1/oidc-providers/{provider["id"]}/update', settings(evil, ops)).expect(200)


def test_the_page_keeps_its_hands_to_itself(instance, provider):
    page = instance.anonymous().get('/v1/login/oidc/callback?code=%3Cscript%3E&state=x&session_state=y')
    assert page.status == 200 and b'&lt;' not in page.body and b'%3C' not in page.body
    policy = page.header('Content-Security-Policy')
    assert "default-src 'none'" in policy and "script-src 'sha256-" in policy and 'unsafe' not in policy


def test_command_line(instance, evil, provider, tmp_path):
    (tmp_path / 'secret').write_text(evil.SECRET + '\n')
    made = instance.enroll_admin().post('/v1/users', {'display_name': 'Cleo', 'roles': ['administrator']}).expect(201)
    instance.cli('enroll', instance.url, made['link'], '--ca-file', instance.root_pem).expect(0)
    run = lambda *words: instance.cli('oidc-provider', *words, '--json').expect(0).json()  # noqa: E731
    made = run('create', '--name', 'by-hand', '--issuer', evil.issuer, '--client-id', evil.CLIENT,
               '--client-secret', f'@{tmp_path}/secret', '--rule', 'ops=role:operator', '--scope', 'groups')
    assert made['rules'] == [{'claim': 'ops', 'gives': 'role:operator'}] and made['has_client_secret']
    assert 'by-hand' in instance.cli('oidc-provider', 'list').expect(0).out
    assert run('disable', made['id'])['state'] == 'disabled'
