"""Passkeys in a real browser, with Chromium's virtual authenticator: what the browser makes of our options, what we make of
its answers, and its cookies and Origin header."""
import json

import pytest

from harness import cdp
from harness.instance import free_port

pytestmark = pytest.mark.skipif(not cdp.BINARY, reason='chromium or certutil is not installed')

# base64url both ways, and the two ceremonies in the form of the contract.
PAGE = '''
const b64 = b => btoa(String.fromCharCode(...new Uint8Array(b))).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=/g, '');
const raw = t => Uint8Array.from(atob(t.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0));
async function send(method, path, body, token) {
  const headers = body ? {'Content-Type': 'application/json'} : {};
  if (token) headers.Authorization = 'Bearer ' + token;
  const answer = await fetch(path, {method, headers, body: body && JSON.stringify(body)});
  return {status: answer.status, body: await answer.json()};
}
async function register(options) {
  const made = await navigator.credentials.create({publicKey: {
    challenge: raw(options.challenge), rp: {id: options.rp_id, name: 'CertiNext'},
    user: {id: raw(options.user_handle), name: options.user_name, displayName: options.user_name},
    pubKeyCredParams: options.algorithms.map(alg => ({type: 'public-key', alg})),
    excludeCredentials: options.exclude.map(id => ({type: 'public-key', id: raw(id)})),
    authenticatorSelection: {residentKey: 'required', userVerification: 'required'}, attestation: 'none'}});
  return {label: 'this browser', credential_id: b64(made.rawId), client_data: b64(made.response.clientDataJSON),
          attestation_object: b64(made.response.attestationObject)};
}
async function answer(options) {
  const got = await navigator.credentials.get({publicKey: {challenge: raw(options.challenge), rpId: options.rp_id,
                                                           userVerification: 'required'}});
  return {credential_id: b64(got.rawId), client_data: b64(got.response.clientDataJSON),
          authenticator_data: b64(got.response.authenticatorData), signature: b64(got.response.signature),
          user_handle: b64(got.response.userHandle)};
}
true
'''


class Page:
    def __init__(self, browser):
        self.browser = browser

    def visit(self, url):
        self.browser.visit(url + '/healthz')
        self.browser.run(PAGE)

    def send(self, method, path, body=None, token=None):
        return self.browser.run(f'send({json.dumps(method)}, {json.dumps(path)}, {json.dumps(body)}, {json.dumps(token)})')

    def register(self, options):
        return self.browser.run(f'register({json.dumps(options)})')

    def answer(self, options):
        return self.browser.run(f'answer({json.dumps(options)})')


def by_name(instance):
    """A browser knows no relying party by address: the same server, as localhost."""
    return f'https://localhost:{instance.port}'


@pytest.fixture(scope='module')
def servers(make_instance):
    made = []
    for _ in range(2):
        port = free_port()
        made.append(make_instance(settings={'public_url': f'https://localhost:{port}',
                                            'https_listen': f'127.0.0.1:{port}'}))
        made[-1].port = port
        made[-1].start()
    return made


@pytest.fixture(scope='module')
def page(servers):
    browser = cdp.Chromium([one.root_pem for one in servers])
    browser.call('WebAuthn.enable')
    browser.authenticator = browser.call('WebAuthn.addVirtualAuthenticator', options={
        'protocol': 'ctap2', 'transport': 'internal', 'hasResidentKey': True, 'hasUserVerification': True,
        'isUserVerified': True, 'automaticPresenceSimulation': True})['authenticatorId']
    yield Page(browser)
    browser.close()


@pytest.fixture(scope='module')
def owner(servers, page):
    """A person whose passkey this browser has."""
    token = servers[0].user('administrator')
    page.visit(by_name(servers[0]))
    options = page.send('GET', '/v1/me/passkeys/options', token=token.token)['body']
    assert options['rp_id'] == 'localhost'
    made = page.send('POST', '/v1/me/passkeys', page.register(options), token.token)
    assert made['status'] == 201 and made['body']['can_log_in'], made
    return token


def login(page):
    options = page.send('POST', '/v1/login/passkey/options', {})['body']
    return page.send('POST', '/v1/login/passkey', {'passkey': page.answer(options)})


def test_registration_and_login(servers, page, owner):
    done = login(page)
    assert done['status'] == 201 and done['body']['session']['method'] == 'passkey', done
    me = page.send('GET', '/v1/me')['body']  # by the cookie that only the browser has
    assert me['user_id'] == owner.user_id
    assert page.browser.run('document.cookie') == '', 'a script must not read it'
    # A change carries the browser's own Origin header; the session ends and its cookie goes.
    ended = page.send('POST', f'/v1/sessions/{me["session_id"]}/revoke')
    assert ended['status'] == 200, ended
    assert page.send('GET', '/v1/me')['status'] == 401


def test_the_browser_excludes_what_is_registered(page, owner):
    assert login(page)['status'] == 201
    options = page.send('GET', '/v1/me/passkeys/options')['body']
    assert len(options['exclude']) == 1
    with pytest.raises(cdp.JavaScriptError, match='InvalidStateError'):
        page.register(options)


def test_another_origin_of_the_same_host_is_refused(servers, page, owner):
    options = servers[0].anonymous().post('/v1/login/passkey/options', {}).expect(200)
    page.visit(by_name(servers[1]))  # the browser knows no difference: the passkey belongs to the host
    answer = page.answer(options)
    refused = servers[0].anonymous().post('/v1/login/passkey', {'passkey': answer, 'bearer': True})
    refused.problem(401, rule='passkey-origin')
    page.visit(by_name(servers[0]))


def test_another_relying_party_is_refused_by_the_browser(servers, page, owner):
    options = servers[0].anonymous().post('/v1/login/passkey/options', {}).expect(200)
    with pytest.raises(cdp.JavaScriptError, match='SecurityError'):
        page.answer({**options, 'rp_id': 'example.org'})


def test_without_user_verification_it_is_one_factor_and_refused(servers, page, owner):
    page.browser.call('WebAuthn.setUserVerified', authenticatorId=page.browser.authenticator, isUserVerified=False)
    options = servers[0].anonymous().post('/v1/login/passkey/options', {}).expect(200)
    with pytest.raises(cdp.JavaScriptError, match='NotAllowedError'):
        page.answer(options)
    page.browser.call('WebAuthn.setUserVerified', authenticatorId=page.browser.authenticator, isUserVerified=True)
    assert login(page)['status'] == 201


def test_a_copied_authenticator_is_noticed(page, owner):
    assert login(page)['status'] == 201
    browser = page.browser
    kept, = browser.call('WebAuthn.getCredentials', authenticatorId=browser.authenticator)['credentials']
    assert kept['signCount'] > 1
    for _ in range(3):
        assert login(page)['status'] == 201
    browser.call('WebAuthn.clearCredentials', authenticatorId=browser.authenticator)
    browser.call('WebAuthn.addCredential', authenticatorId=browser.authenticator, credential=kept)
    refused = login(page)
    assert refused['status'] == 401 and refused['body']['rule'] == 'passkey-counter', refused
