"""A foreign OpenID Connect provider: npm oidc-provider, a certified one, pinned by oidc-provider-npm/package-lock.json."""
import hashlib
import http.client
import json
import os
import shutil
import ssl
import subprocess
import urllib.parse

import pytest

from harness.instance import BUILD
from harness.login import Browser
from harness.oidc import self_signed

ENGINES = ['sqlite']  # what the provider says does not depend on the database
HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.fixture(scope='module')
def npm_provider():
    """Fetched once a build folder and lock file."""
    if not shutil.which('node') or not shutil.which('npm'):
        pytest.skip('node and npm are not installed')
    source = os.path.join(HERE, 'oidc-provider-npm')
    with open(os.path.join(source, 'package-lock.json'), 'rb') as f:
        folder = os.path.join(BUILD, 'oidc-provider-npm-' + hashlib.sha256(f.read()).hexdigest()[:16])
    os.makedirs(folder, exist_ok=True)
    for name in ('package.json', 'package-lock.json', 'server.mjs'):
        shutil.copy(os.path.join(source, name), os.path.join(folder, name))
    if not os.path.isfile(os.path.join(folder, 'complete')):
        done = subprocess.run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], cwd=folder,
                              capture_output=True, text=True, timeout=100)
        if done.returncode != 0:
            pytest.skip('npm cannot fetch oidc-provider: ' + done.stderr.strip().split('\n')[-1])
        open(os.path.join(folder, 'complete'), 'w').close()
    return folder


@pytest.fixture(scope='module')
def instance(make_instance):
    made = make_instance(settings={'outbound_allow_private': 'true'}).start()
    made.enroll_admin()
    return made


def browse(url, ca_file, login):
    """Follows the provider's redirects with its cookies, until they lead back; what the callback page was called with."""
    cookies, context = {}, ssl.create_default_context(cafile=ca_file)
    for _ in range(8):
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, context=context, timeout=20)
        connection.request('GET', parts.path + ('?' + parts.query if parts.query else ''),
                           headers={'X-Login-As': login, 'Cookie': '; '.join(f'{k}={v}' for k, v in cookies.items())})
        answer = connection.getresponse()
        for line in answer.headers.get_all('Set-Cookie') or []:
            name, value = line.split(';')[0].split('=', 1)
            cookies[name] = value
        assert answer.status in (302, 303), answer.read()[:500]
        connection.close()
        url = urllib.parse.urljoin(url, answer.headers['Location'])
        if '/v1/login/oidc/callback?' in url:
            return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
    raise AssertionError('redirects without end')


@pytest.fixture(params=['client_secret_basic', 'client_secret_post-userinfo'])
def world(request, instance, npm_provider, tmp_path):
    """The provider, and us knowing it."""
    method, _, userinfo = request.param.partition('-')
    ca = self_signed(str(tmp_path))
    task = {'pem': str(tmp_path / 'tls.pem'), 'client_id': 'certinext', 'client_secret': 'a+b/c d%'.replace(' ', '-') * 6,
            'redirect_uri': instance.url + '/v1/login/oidc/callback', 'auth_method': method, 'userinfo': bool(userinfo)}
    (tmp_path / 'ca.pem').write_text(ca)
    with open(tmp_path / 'server.log', 'w') as log:
        process = subprocess.Popen(['node', 'server.mjs'], cwd=npm_provider, env={**os.environ, 'TASK': json.dumps(task)},
                                   stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        port = process.stdout.readline().strip()
        assert port.isdigit(), (tmp_path / 'server.log').read_text()
        admin = instance.enroll_admin()
        setter = instance.user('administrator')
        name = 'npm-' + method.replace('_', '-')
        setter.post('/v1/oidc-providers', {
            'name': name, 'issuer': f'https://127.0.0.1:{port}', 'client_id': 'certinext', 'client_secret': task['client_secret'],
            'scopes': ['profile', 'groups'], 'ca_certificates': ca, 'provision': True, 'factor_amrs': ['otp'],
            'userinfo': bool(userinfo), 'rules': [{'claim': 'operators', 'gives': 'role:operator'}]}).expect(201)

        def login(sub):
            browser = Browser(instance)
            url = browser.post('/v1/login/oidc/start', {'provider': name}).expect(200)['authorization_url']
            return browser, browser.post('/v1/login/oidc', browse(url, str(tmp_path / 'ca.pem'), sub))
        yield admin, login
    finally:
        process.terminate()
        process.wait(20)


def test_a_certified_provider(world):
    admin, login = world
    browser, answer = login('alice.operators')
    answer.expect(201)
    me = browser.get('/v1/me').expect(200)
    assert me['roles'] == ['operator'] and me['display_name'] == 'The alice.operators'
    login('bob')[1].expect(201)
    names = {i['subject'] for i in admin.pages('/v1/oidc-identities')}
    assert {'alice.operators', 'bob'} <= names
