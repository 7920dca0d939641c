"""Passkeys: registration and login with a software authenticator, and every way in which an answer can be wrong."""
import pytest

from harness.login import BE, BS, SESSION, UP, UV, Browser, Passkey, b64

REGISTER_OPTIONS, REGISTER, LOGIN_OPTIONS, LOGIN = ('/v1/me/passkeys/options', '/v1/me/passkeys', '/v1/login/passkey/options',
                                                    '/v1/login/passkey')


class Owner:
    """A person with one passkey, made with the token of their enrolment."""

    def __init__(self, instance, *roles, algorithm=-7):
        self.token = instance.user(*roles)
        self.key = Passkey(instance.url, '127.0.0.1', algorithm)
        body = self.key.register(self.token.get(REGISTER_OPTIONS).expect(200))
        self.factors = self.token.post(REGISTER, body).expect(201)


def challenge(instance):
    return instance.anonymous().post(LOGIN_OPTIONS, {}).expect(200)


@pytest.fixture(scope='module')
def owner(instance):
    return Owner(instance, 'administrator')


@pytest.mark.parametrize('algorithm', [-7, -8, -257])
def test_a_passkey_alone_logs_in(instance, algorithm):
    owner = Owner(instance, 'requester', algorithm=algorithm)
    assert owner.factors['can_log_in'] and len(owner.factors['passkeys']) == 1
    browser = Browser(instance)
    browser.post(LOGIN, {'passkey': owner.key.answer(challenge(instance))}).expect(201)
    me = browser.get('/v1/me').expect(200)
    assert me['user_id'] == owner.token.user_id
    session, = browser.get('/v1/sessions').expect(200)['items']
    assert session['method'] == 'passkey'
    # Its own id is excluded from another registration; the same credential is nobody else's.
    options = browser.get(REGISTER_OPTIONS).expect(200)
    assert options['exclude'] == [b64(owner.key.id)] and options['rp_id'] == '127.0.0.1'
    browser.post(REGISTER, owner.key.register(options)).problem(409, rule='passkey-taken')


def refused(instance, owner, rule, key=None, **bent):
    answer = (key or owner.key).answer(challenge(instance), **bent)
    Browser(instance).post(LOGIN, {'passkey': answer}).problem(401, rule=rule)


def test_what_an_assertion_must_hold(instance, owner):
    refused(instance, owner, 'passkey-origin', origin='https://evil.example')
    refused(instance, owner, 'passkey-origin', origin=instance.url + '/')
    refused(instance, owner, 'passkey-origin', origin='http' + instance.url[5:])
    refused(instance, owner, 'passkey-type', type='webauthn.create')
    refused(instance, owner, 'passkey-cross-origin', crossOrigin=True)
    refused(instance, owner, 'passkey-cross-origin', topOrigin='https://evil.example')
    refused(instance, owner, 'passkey-challenge', challenge=b64(bytes(40)))
    refused(instance, owner, 'passkey-not-verified', rp_id='evil.example')
    refused(instance, owner, 'passkey-not-verified', flags=UP)
    refused(instance, owner, 'passkey-not-verified', flags=UV)
    refused(instance, owner, 'passkey-not-verified', spoil=True)
    refused(instance, owner, 'passkey-backup', flags=UP | UV | BS)
    refused(instance, owner, 'passkey-backup', flags=UP | UV | BE)  # it was not eligible when it was registered
    refused(instance, owner, 'passkey-unknown', handle=b64(bytes(32)))
    refused(instance, owner, 'passkey-unknown', key=Passkey(instance.url, '127.0.0.1'), handle=False)
    another = Passkey(instance.url, '127.0.0.1')
    another.id = owner.key.id
    refused(instance, owner, 'passkey-not-verified', key=another, handle=False, count=1000)
    # All of it undone, it works: the refusals were for the reasons they gave.
    Browser(instance).post(LOGIN, {'passkey': owner.key.answer(challenge(instance))}).expect(201)


def test_the_counter_never_goes_back(instance):
    owner = Owner(instance, 'requester')
    good = owner.key.answer(challenge(instance), count=10)
    Browser(instance).post(LOGIN, {'passkey': good}).expect(201)
    refused(instance, owner, 'passkey-counter', count=10)
    refused(instance, owner, 'passkey-counter', count=9)
    refused(instance, owner, 'passkey-counter', count=0)
    Browser(instance).post(LOGIN, {'passkey': owner.key.answer(challenge(instance), count=11)}).expect(201)
    denied = [e for e in instance.admin.pages('/v1/audit/entries?action=login.passkey') if e['outcome'] == 'denied']
    assert sum('passkey-counter' in str(e['details']) for e in denied) == 3


def test_a_challenge_counts_once_and_for_what_it_was_given(instance, owner):
    options = challenge(instance)
    Browser(instance).post(LOGIN, {'passkey': owner.key.answer(options)}).expect(201)
    Browser(instance).post(LOGIN, {'passkey': owner.key.answer(options)}).problem(401, rule='login-failed')
    browser = Browser(instance)
    browser.post(LOGIN, {'passkey': owner.key.answer(challenge(instance))}).expect(201)
    registration = browser.get(REGISTER_OPTIONS).expect(200)
    refused(instance, owner, 'passkey-challenge', challenge=registration['challenge'])
    body = Passkey(instance.url, '127.0.0.1').register(registration, challenge=challenge(instance)['challenge'])
    browser.post(REGISTER, body).problem(401, rule='passkey-challenge')
    # Another person's registration challenge is not mine.
    other = Owner(instance, 'requester')
    theirs = other.token.get(REGISTER_OPTIONS).expect(200)
    browser.post(REGISTER, Passkey(instance.url, '127.0.0.1').register(theirs)).problem(401, rule='passkey-challenge')


@pytest.mark.parametrize('bent,status,rule', [
    ({'origin': 'https://evil.example'}, 401, 'passkey-origin'), ({'type': 'webauthn.get'}, 401, 'passkey-type'),
    ({'crossOrigin': True}, 401, 'passkey-cross-origin'), ({'rp_id': 'evil.example'}, 401, 'passkey-not-verified'),
    ({'flags': UP}, 401, 'passkey-not-verified'), ({'flags': UV}, 401, 'passkey-not-verified'),
    ({'flags': UP | UV | BS}, 401, 'passkey-backup'), ({'credential_id': bytes(32)}, 401, 'passkey-malformed'),
    ({'fmt': 'packed-bad'}, 401, 'passkey-not-verified'), ({'fmt': 'tpm'}, 422, 'passkey-attestation')])
def test_what_a_registration_must_hold(instance, owner, bent, status, rule):
    browser = Browser(instance)
    browser.post(LOGIN, {'passkey': owner.key.answer(challenge(instance))}).expect(201)
    key = Passkey(instance.url, '127.0.0.1')
    browser.post(REGISTER, key.register(browser.get(REGISTER_OPTIONS).expect(200), **bent)).problem(status, rule=rule)
    assert len(browser.get('/v1/me/factors').expect(200)['passkeys']) == 1


def test_self_attestation_is_checked_and_broken_bytes_are_refused(instance):
    owner = Owner(instance, 'requester')
    browser = Browser(instance)
    browser.post(LOGIN, {'passkey': owner.key.answer(challenge(instance))}).expect(201)
    second = Passkey(instance.url, '127.0.0.1')
    browser.post(REGISTER, second.register(browser.get(REGISTER_OPTIONS).expect(200), fmt='packed')).expect(201)
    body = Passkey(instance.url, '127.0.0.1').register(browser.get(REGISTER_OPTIONS).expect(200))
    for field, value in (('attestation_object', 'oA'), ('attestation_object', body['attestation_object'][:-4]),
                         ('client_data', 'AAAA'), ('credential_id', 'A')):
        problem = browser.post(REGISTER, {**body, field: value})
        assert problem.status in (400, 401), (field, problem.body)
    assert browser.post(REGISTER, {**body, 'extra': 1}).status == 400


def test_the_last_way_in_stays_and_a_removed_passkey_is_dead(instance):
    owner = Owner(instance, 'requester')
    browser = Browser(instance)
    browser.post(LOGIN, {'passkey': owner.key.answer(challenge(instance))}).expect(201)
    first = browser.get('/v1/me/factors').expect(200)['passkeys'][0]['id']
    browser.post(f'/v1/me/passkeys/{first}/remove').problem(409, rule='last-factor')
    second = Passkey(instance.url, '127.0.0.1')
    browser.post(REGISTER, second.register(browser.get(REGISTER_OPTIONS).expect(200))).expect(201)
    stranger = Owner(instance, 'requester')
    theirs = Browser(instance)
    theirs.post(LOGIN, {'passkey': stranger.key.answer(challenge(instance))}).expect(201)
    theirs.post(f'/v1/me/passkeys/{first}/remove').problem(404)
    browser.post(f'/v1/me/passkeys/{first}/remove').expect(200)
    refused(instance, owner, 'passkey-unknown')
    # A token cannot add a passkey to somebody who can log in.
    body = Passkey(instance.url, '127.0.0.1').register(owner.token.get(REGISTER_OPTIONS).expect(200))
    owner.token.post(REGISTER, body).problem(403, rule='session-needed')


def test_stepping_up_with_a_passkey_of_ones_own(instance, owner):
    browser = Browser(instance)
    browser.post(LOGIN, {'passkey': owner.key.answer(challenge(instance))}).expect(201)
    before = browser.cookies[SESSION]
    other = Owner(instance, 'requester')
    browser.post('/v1/step-up', {'passkey': other.key.answer(challenge(instance))}).problem(401, rule='passkey-unknown')
    browser.post('/v1/step-up', {'passkey': owner.key.answer(challenge(instance))}).expect(200)
    assert browser.cookies[SESSION] != before


def test_a_login_from_another_site_sets_no_cookie(instance, owner):
    answer = Browser(instance, origin='https://evil.example').post(LOGIN, {'passkey': owner.key.answer(challenge(instance))})
    answer.problem(401, rule='origin')
    assert not answer.headers.get_all('Set-Cookie')
