"""Sessions and their factors: password with one-time code, step-up, limits, recovery."""
import pytest

from harness.login import DEVICE, SESSION, Browser, Codes, Person, now_of


@pytest.fixture(scope='module')
def instance(make_instance):
    """A drill instance: its clock can be moved."""
    made = make_instance(drill=True).start()
    made.enroll_admin()
    made.offset = 0
    return made


def advance(instance, seconds):
    instance.offset += seconds
    instance.enroll_admin().post('/v1/system/clock', {'offset_s': instance.offset}).expect(200)


def entries(instance, action):
    return [e for e in instance.enroll_admin().pages(f'/v1/audit/entries?action={action}')]


@pytest.fixture(scope='module')
def person(instance):
    return Person(instance, 'administrator', 'approver', email='Grace@example.org')


def test_password_and_code_open_a_session(instance, person):
    browser = person.login()
    assert set(browser.cookies) == {SESSION, DEVICE}
    me = browser.get('/v1/me').expect(200)
    assert me['user_id'] == person.id and me['session_id'] and 'token_id' not in me
    session, = [s for s in browser.get('/v1/sessions').expect(200)['items'] if s['current']]
    assert session['method'] == 'password-totp' and session['source_address'] == '127.0.0.1'
    # The address in any case, and the user id, are the same account.
    for account in ('grace@EXAMPLE.org', person.id):
        Browser(instance).login(account, person.password, person.code()).expect(201)
        advance(instance, 30)


def test_one_factor_alone_is_nothing_and_no_answer_tells_which(instance, person):
    code = person.code()
    answers = [
        Browser(instance).login(person.account, 'wrong horse battery', code),
        Browser(instance).login(person.account, person.password, '000000'),
        Browser(instance).login('nobody@example.org', person.password, code),
    ]
    bodies = []
    for answer in answers:
        assert not answer.headers.get_all('Set-Cookie')
        problem = answer.problem(401, rule='login-failed')
        bodies.append({k: v for k, v in problem.items() if k != 'request_id'})
    assert bodies[0] == bodies[1] == bodies[2]
    assert Browser(instance).post('/v1/login/password', {'account': person.account, 'password': person.password}).status == 400


def test_a_code_counts_once(instance, person):
    advance(instance, 90)
    code = person.code()
    Browser(instance).login(person.account, person.password, code).expect(201)
    Browser(instance).login(person.account, person.password, code).problem(401, rule='login-failed')
    # An older step than the last one is no better.
    old = person.codes.at((person.used - 1) * 30)
    Browser(instance).login(person.account, person.password, old).problem(401, rule='login-failed')
    far = person.codes.at(now_of(instance) + 120)
    Browser(instance).login(person.account, person.password, far).problem(401, rule='login-failed')


def test_another_site_cannot_use_the_cookie(instance, person):
    advance(instance, 3600)
    browser = person.login()
    label = {'label': 'x', 'expires_in_days': 1}
    for origin in (None, 'null', 'https://evil.example', instance.url + '.evil.example', instance.url.replace('https', 'http')):
        browser.post('/v1/tokens', label, origin=origin).problem(403, rule='origin')
    browser.post('/v1/tokens', label).expect(201)
    # A login into somebody else's account is refused the same way.
    for origin in (None, 'https://evil.example'):
        answer = browser.post('/v1/login/password', {'account': person.account, 'password': 'x', 'code': '000000'}, origin=origin)
        answer.problem(401, rule='origin')


def test_cookie_and_bearer_are_not_taken_for_each_other(instance, person):
    advance(instance, 60)
    browser = person.login()
    instance.anonymous(token=browser.cookies[SESSION]).get('/v1/me').problem(401, rule='session-invalid')
    advance(instance, 60)
    answer = Browser(instance).post('/v1/login/password', {'account': person.account, 'password': person.password,
                                                           'code': person.code(), 'bearer': True}, origin=None)
    secret = answer.expect(201)['secret']
    assert not answer.headers.get_all('Set-Cookie')
    assert instance.anonymous(token=secret).get('/v1/me').expect(200)['user_id'] == person.id
    thief = Browser(instance)
    thief.cookies[SESSION] = secret
    thief.get('/v1/me').problem(401, rule='session-invalid')
    for bent in (secret[:-1] + ('0' if secret[-1] != '0' else '1'), secret.upper(), 'cxs_', secret + 'x'):
        instance.anonymous(token=bent).get('/v1/me').problem(401)
    twice = instance.anonymous().get('/v1/me', Cookie=f'{SESSION}={secret}; {SESSION}={secret}')
    twice.problem(401, rule='session-invalid')


def test_ending_a_session(instance, person):
    advance(instance, 60)
    one = person.login()
    advance(instance, 60)
    two = person.login()
    mine = one.get('/v1/me').expect(200)['session_id']
    two.post(f'/v1/sessions/{mine}/revoke').expect(200)
    one.get('/v1/me').problem(401)
    stranger = Person(instance, 'requester')
    advance(instance, 60)
    theirs = stranger.login()
    theirs.post(f'/v1/sessions/{two.get("/v1/me").json()["session_id"]}/revoke').problem(404)
    two.get('/v1/me').expect(200)
    own = two.get('/v1/me').json()['session_id']
    two.post(f'/v1/sessions/{own}/revoke').expect(200)
    assert SESSION not in two.cookies and DEVICE in two.cookies


def test_idle_and_overall_limits(instance, person):
    advance(instance, 3600)
    browser = person.login()
    for _ in range(2):
        advance(instance, 29 * 60)
        browser.get('/v1/me').expect(200)
    advance(instance, 30 * 60)
    browser.get('/v1/me').problem(401, rule='session-invalid')
    browser = person.login()
    for _ in range(29):
        advance(instance, 24 * 60)
        browser.get('/v1/me').expect(200)
    advance(instance, 24 * 60)
    browser.get('/v1/me').problem(401, rule='session-invalid')


def giving_rights(person):
    group = 'grp_' + '0' * 26
    yield '/v1/bindings', {'user_id': person.id, 'role': 'auditor', 'all': True, 'reason': 'x'}
    yield '/v1/roles', {'name': 'reader', 'permissions': ['request.read']}
    yield f'/v1/groups/{group}/add', {'user_id': person.id}
    yield f'/v1/groups/{group}/nest', {'group_id': group}


def test_step_up_needs_a_fresh_factor_and_makes_a_new_secret(instance, person):
    advance(instance, 60)
    browser = person.login()
    made = {'display_name': 'Somebody', 'roles': ['requester']}
    browser.post('/v1/users', made).expect(201)
    advance(instance, 5 * 60)
    browser.post('/v1/users', made).problem(403, rule='step-up-required')
    browser.get('/v1/users').expect(200)  # looking is not a privileged act
    for path, body in giving_rights(person):
        browser.post(path, body).problem(403, rule='step-up-required')
    request = instance.request()
    browser.post(f'/v1/requests/{request["id"]}/approve', {'comment': 'x'}).problem(403, rule='step-up-required')
    old = dict(browser.cookies)
    browser.post('/v1/step-up', {}).problem(400, rule='one-of')
    browser.post('/v1/step-up', {'code': '000000'}).problem(401, rule='login-failed')
    browser.post('/v1/step-up', {'code': person.code()}).expect(200)
    assert browser.cookies[SESSION] != old[SESSION]
    thief = Browser(instance)
    thief.cookies = old
    thief.get('/v1/me').problem(401, rule='session-invalid')
    browser.post(f'/v1/requests/{request["id"]}/approve', {'comment': 'x'}).expect(200)
    person.token.post('/v1/step-up', {'code': '000000'}).problem(409, rule='session-needed')
    denied = [e for e in entries(instance, 'user.create') if e['outcome'] == 'denied']
    assert any('step-up-required' in str(e.get('details')) for e in denied), denied


def test_a_session_has_the_rights_of_its_person_with_every_request(instance):
    person = Person(instance, 'requester')
    advance(instance, 60)
    browser = person.login()
    browser.get('/v1/system/clock').problem(403, rule='permission-missing')
    instance.admin.post(f'/v1/users/{person.id}/roles', {'roles': ['requester', 'operator']}).expect(200)
    browser.get('/v1/system/clock').expect(200)
    assert set(browser.get('/v1/me').expect(200)['roles']) == {'requester', 'operator'}
    instance.admin.post(f'/v1/users/{person.id}/roles', {'roles': ['operator']}).expect(200)
    me = browser.get('/v1/me').expect(200)
    assert me['roles'] == ['operator'] and 'request.create' not in me['permissions']
    browser.post('/v1/requests', {'certificate_profile': 'server-tls', 'csr': 'x'}).problem(403, rule='permission-missing')
    instance.admin.post(f'/v1/users/{person.id}/disable').expect(200)
    browser.get('/v1/me').problem(401)
    Browser(instance).login(person.account, person.password, person.code()).problem(401, rule='login-failed')
    instance.admin.post(f'/v1/users/{person.id}/enable').expect(200)
    browser.get('/v1/me').problem(401, rule='session-invalid')  # what was ended stays ended


@pytest.mark.parametrize('password,rule', [
    ('short7!', 'password-too-short'), ('password', 'password-common'), ('Dragon2024!', 'password-common'),
    ('12345678', 'password-pattern'), ('zzzzzzzzzz', 'password-pattern'), ('certinext1', 'password-context'),
    ('hopper12', 'password-context'), ('ab\u0378cdefgh', 'password-character')])
def test_bad_passwords(instance, password, rule):
    if not hasattr(instance, 'chooser'):
        made = instance.admin.post('/v1/users', {'display_name': 'H', 'roles': ['requester'], 'email': 'hopper@example.org'})
        instance.chooser = instance.enroll(made.expect(201)['link'])
    problem = instance.chooser.post('/v1/me/password', {'password': password})
    assert problem.status in (400, 422), problem.body
    if rule != 'password-too-short':  # the contract's own limit comes first
        problem.problem(problem.status, rule=rule)


def test_unicode_passwords_are_one_whatever_the_keyboard(instance):
    person = Person(instance, 'requester', password='Zu\u0308rich \ufb01nds \u4f60\u597d')
    advance(instance, 60)
    Browser(instance).login(person.account, 'Z\u00fcrich finds \u4f60\u597d', person.code()).expect(201)


def test_factors_change_only_with_a_fresh_session(instance):
    person = Person(instance, 'requester')
    # The token could set them up, once; it cannot change them.
    person.token.post('/v1/me/password', {'password': 'another fine phrase'}).problem(403, rule='session-needed')
    person.token.post('/v1/me/totp').problem(403, rule='session-needed')
    advance(instance, 60)
    browser, other = person.login(), Browser(instance)
    advance(instance, 60)
    person.login(other)
    advance(instance, 5 * 60)
    browser.post('/v1/me/password', {'password': 'another fine phrase'}).problem(403, rule='step-up-required')
    browser.post('/v1/step-up', {'code': person.code()}).expect(200)
    browser.post('/v1/me/password', {'password': 'another fine phrase'}).expect(200)
    other.get('/v1/me').problem(401)
    browser.get('/v1/me').expect(200)
    advance(instance, 60)
    person.password = 'another fine phrase'
    person.login()


def test_a_narrowed_token_cannot_set_up_factors(instance):
    person = instance.user('requester', 'operator')
    narrow = person.post('/v1/tokens', {'label': 'n', 'expires_in_days': 1, 'roles': ['requester']}).expect(201)['secret']
    instance.anonymous(token=narrow).post('/v1/me/password', {'password': 'a fine phrase'}).problem(403, rule='session-needed')
    instance.anonymous(token=narrow).post('/v1/me/totp').problem(403, rule='session-needed')


def test_recovery_is_no_weaker_than_login(instance, person):
    victim = Person(instance, 'requester')
    advance(instance, 60)
    browser = victim.login()
    # A link alone does not get round the factors.
    instance.admin.post(f'/v1/users/{victim.id}/link').problem(409, rule='has-factors')
    instance.admin.post(f'/v1/users/{instance.admin.user_id}/factors/reset').problem(403, rule='granter-is-receiver')
    instance.admin.post(f'/v1/users/{victim.id}/factors/reset').expect(200)
    browser.get('/v1/me').problem(401)
    victim.token.get('/v1/me').problem(401)
    Browser(instance).login(victim.account, victim.password, victim.code()).problem(401, rule='login-failed')
    # Who removed the factors is not who lets in again.
    instance.admin.post(f'/v1/users/{victim.id}/link').problem(403, rule='reset-by-inviter')
    link = person.token.post(f'/v1/users/{victim.id}/link').expect(201)['link']
    back = instance.enroll(link)
    assert back.get('/v1/me/factors').expect(200) == {'password': False, 'totp': False, 'passkeys': [], 'client_certificates': [], 'can_log_in': False}
    back.post('/v1/me/password', {'password': 'a new fine phrase'}).expect(200)
    assert [e for e in entries(instance, 'user.factor.reset') if e['outcome'] == 'done']


def test_a_link_made_before_the_factors_does_not_get_round_them(instance):
    made = instance.admin.post('/v1/users', {'display_name': 'P', 'roles': ['requester']}).expect(201)
    instance.enroll(made['link']).get('/v1/me').expect(200)
    person = Person(instance, 'requester')
    assert instance.anonymous().post('/v1/enroll', {'link': made['link']}).status == 401
    person.token.get('/v1/me').expect(200)


def test_the_command_line_logs_in_and_steps_up(instance, tmp_path):
    made = instance.admin.post('/v1/users', {'display_name': 'C', 'roles': ['administrator']}).expect(201)
    home = str(tmp_path)

    def cli(*words, stdin=''):
        return instance.cli(*words, home=home, stdin=stdin)
    cli('enroll', instance.url, made['link'], '--ca-file', instance.root_pem).expect()
    cli('factor', 'set-password', '--password', '@-', stdin='a fine phrase for a command line\n').expect()
    begun = cli('factor', 'begin-totp', '--json').expect().json()
    codes = Codes(begun['secret'])
    cli('factor', 'confirm-totp', '--code', '@-', stdin=codes.at(now_of(instance) - 30)).expect()
    advance(instance, 60)
    (tmp_path / 'password').write_text('a fine phrase for a command line\n')
    words = ('login', '--account', made['user']['id'], '--password', f'@{tmp_path}/password', '--code', '@-')
    assert cli('login', '--account', 'x', '--password', 'in the process list', '--code', '@-').status != 0
    wrong = cli(*words, stdin='000000')
    assert wrong.status != 0 and 'login-failed' in wrong.err
    session = cli(*words, '--json', stdin=codes.at(now_of(instance))).expect().json()
    assert session['current'] and 'secret' not in session
    assert cli('me', 'show', '--json').expect().json()['session_id'] == session['id']
    cli('user', 'create', '--display-name', 'D', '--role', 'requester').expect()
    advance(instance, 6 * 60)
    refused = cli('user', 'create', '--display-name', 'D', '--role', 'requester')
    assert refused.status != 0 and 'step-up-required' in refused.err
    cli('session', 'step-up', '--code', '@-', stdin=codes.at(now_of(instance))).expect()
    cli('user', 'create', '--display-name', 'D', '--role', 'requester').expect()
    cli('session', 'revoke', session['id']).expect()
    assert 'session-invalid' in cli('me', 'show').err
