"""Every operation of the contract against every role: a permission is needed, and default is deny."""
import os

import pytest
import yaml

from harness.instance import ROOT
from harness.scim import refused

ROLES = ('administrator', 'requester', 'approver', 'operator', 'auditor')
ZERO = '0' * 26
BODIES = {
    'user_create': {'display_name': 'X', 'roles': ['auditor']}, 'user_set_roles': {'roles': ['auditor']},
    'token_create': {'label': 'x', 'expires_in_days': 1}, 'request_create': {'certificate_profile': 'none', 'csr': 'x'},
    'request_approve': {'comment': 'x'}, 'request_reject': {'comment': 'x'}, 'request_collect': {'password': 'long enough'},
    'certificate_renew': {}, 'certificate_replace': {'csr': 'x'}, 'certificate_revoke': {'reason': 'superseded'},
    'system_clock_set': {'offset_s': 1},
    'session_step_up': {'code': '000000'}, 'factor_password_set': {'password': 'a fine phrase'},
    'factor_totp_confirm': {'code': '000000'}, 'login_passkey_options': {},
    'factor_passkey_create': {'label': 'x', 'credential_id': 'AA', 'client_data': 'AA', 'attestation_object': 'AA'},
}
CREDENTIAL_IN_THE_BODY = {'enroll': 'test_first_certificate', 'login_password': 'test_login', 'login_passkey': 'test_passkey'}


def operations():
    with open(os.path.join(ROOT, 'api', 'openapi.yaml')) as f:
        contract = yaml.safe_load(f)
    for path, item in contract['paths'].items():
        for method in ('get', 'post', 'put', 'patch', 'delete'):
            if method in item:
                yield path, method, item[method]


def concrete(path):
    for name, prefix in (('user_id', 'usr'), ('token_id', 'tok'), ('issuer_id', 'iss'), ('request_id', 'req'),
                         ('certificate_id', 'crt'), ('session_id', 'ses'), ('passkey_id', 'psk')):
        path = path.replace('{' + name + '}', f'{prefix}_{ZERO}')
    return path.replace('{name}', 'none').replace('{request}', 'MAA=')


@pytest.fixture(scope='module')
def callers(instance):
    instance.enroll_admin()
    return {role: instance.user(role) for role in ROLES}


@pytest.mark.parametrize('path,method,operation', [pytest.param(*o, id=o[2]['operationId']) for o in operations()])
def test_route_by_role(instance, callers, path, method, operation):
    target, body = concrete(path), BODIES.get(operation['operationId'])
    if operation['operationId'] in CREDENTIAL_IN_THE_BODY:
        pytest.skip('anonymous, the body is the credential: ' + CREDENTIAL_IN_THE_BODY[operation['operationId']])

    def call(client):
        if method in ('get', 'post'):
            return client.get(target) if method == 'get' else client.post(target, body)
        return client.send(method.upper(), target)
    if 'x-anonymous' in operation:
        assert call(instance.anonymous()).status not in (401, 403)
        return
    for stranger in (instance.anonymous(), instance.anonymous(token='cxt_' + 'x' * 43)):
        if path.startswith('/scim/'):
            refused(call(stranger), 401)
        else:
            call(stranger).problem(401)
    permission = operation['x-permission']
    for role, client in callers.items():
        may = permission in client.get('/v1/me').expect(200)['permissions']
        status = call(client).status
        if may:
            assert status != 401, (role, permission)
            assert status != 403 or method == 'post', (role, permission)
        else:
            assert status == 403, (role, permission, status)


def test_privileged_acts_ask_a_session_for_a_fresh_factor():
    """A golden list: who adds or takes away a privileged act changes it here, in review."""
    assert {o['x-permission'] for _, _, o in operations() if o.get('x-step-up')} == {
        'client.certificate.bind', 'client.ca.set', 'service.account.create', 'service.account.transfer',
        'user.create', 'user.role.set', 'user.enable', 'user.link.create', 'user.factor.reset', 'token.create',
        'request.approve', 'request.collect', 'certificate.revoke',
        'group.member.set', 'group.nest', 'role.set', 'binding.create', 'binding.activate', 'approval.rule.set', 'proposal.decide', 'profile.propose',
        'delegation.create', 'delegation.use', 'break-glass.create', 'break-glass.open', 'user.leave', 'user.stay', 'review.decide', 'oidc.provider.set', 'oidc.identity.set',
        'scim.client.set', 'scim.group.set', 'scim.user.set', 'setting.set', 'rule.pack.activate',
        'incident.publish', 'incident.sign.security', 'incident.sign.operations', 'incident.revoke.approve', 'incident.unblock', 'incident.unfreeze',
        'incident.dispose', 'notice.approve', 'notice.waive', 'tracker.set', 'playbook.set'}


def test_the_auditor_can_change_nothing(callers):
    permissions = callers['auditor'].get('/v1/me').expect(200)['permissions']
    mutating = {o['x-permission'] for _, m, o in operations() if m != 'get' and 'x-audit' in o and 'x-permission' in o}
    allowed = {p for p in permissions if p in mutating}
    themselves = {'session.revoke', 'session.step-up', 'factor.set', 'client.certificate.remove', 'letter.set'}  # how they log in, what mail they get
    assert allowed <= themselves | {'token.create', 'token.revoke', 'access.explain', 'incident.export'}, allowed  # asking is recorded, and changes nothing


def test_requester_cannot_approve_nor_approver_request(callers):
    requester = set(callers['requester'].get('/v1/me').expect(200)['permissions'])
    approver = set(callers['approver'].get('/v1/me').expect(200)['permissions'])
    assert 'request.approve' not in requester and 'request.create' not in approver


def test_a_token_can_be_narrowed_but_not_widened(instance):
    person = instance.user('requester', 'approver')
    narrow = person.post('/v1/tokens', {'label': 'n', 'expires_in_days': 1, 'roles': ['approver']}).expect(201)
    client = instance.anonymous(token=narrow['secret'])
    assert client.get('/v1/me').expect(200)['roles'] == ['approver']
    client.post('/v1/requests', {'certificate_profile': 'server-tls', 'csr': 'x'}).problem(403)
    wide = client.post('/v1/tokens', {'label': 'w', 'expires_in_days': 1, 'roles': ['administrator']})
    assert wide.status in (403, 422)
    again = client.post('/v1/tokens', {'label': 'w', 'expires_in_days': 1})
    if again.status == 201:
        assert instance.anonymous(token=again.json()['secret']).get('/v1/me').expect(200)['roles'] == ['approver']


def test_taking_a_role_away_works_on_the_next_request(instance):
    person = instance.user('requester')
    instance.request(client=person)
    instance.admin.post(f'/v1/users/{person.user_id}/roles', {'roles': ['auditor']}).expect(200)
    person.post('/v1/requests', {'certificate_profile': 'server-tls', 'csr': 'x'}).problem(403)


def test_disabling_a_person_ends_all_their_tokens_at_once(instance):
    person = instance.user('requester')
    second = person.post('/v1/tokens', {'label': 's', 'expires_in_days': 1}).expect(201)['secret']
    instance.admin.post(f'/v1/users/{person.user_id}/disable').expect(200)
    person.get('/v1/me').problem(401)
    instance.anonymous(token=second).get('/v1/me').problem(401)
    instance.admin.post(f'/v1/users/{person.user_id}/enable').expect(200)
    person.get('/v1/me').expect(200)


def test_a_revoked_token_is_refused(instance):
    person = instance.user('requester')
    made = person.post('/v1/tokens', {'label': 's', 'expires_in_days': 1}).expect(201)
    client = instance.anonymous(token=made['secret'])
    client.get('/v1/me').expect(200)
    person.post(f'/v1/tokens/{made["token"]["id"]}/revoke').expect(200)
    client.get('/v1/me').problem(401)


def test_nobody_revokes_anothers_token_without_the_right(instance, callers):
    theirs = callers['approver'].post('/v1/tokens', {'label': 's', 'expires_in_days': 1}).expect(201)['token']['id']
    answer = callers['requester'].post(f'/v1/tokens/{theirs}/revoke')
    assert answer.status in (403, 404)


def test_no_answer_holds_a_secret_twice(instance, callers):
    """Secrets are shown when they are made and never again."""
    made = callers['requester'].post('/v1/tokens', {'label': 's', 'expires_in_days': 1}).expect(201)
    listing = callers['requester'].get('/v1/tokens').body
    assert made['secret'].encode() not in listing and b'"secret"' not in listing
    for path in ('/v1/users', '/v1/audit/entries'):
        assert b'cxl_' not in instance.admin.get(path).body and b'cxt_' not in instance.admin.get(path).body


def test_the_last_administrator_cannot_lock_everybody_out(make_instance):
    """And who has the data directory can invite another one."""
    instance = make_instance().start()
    instance.enroll_admin().post(f'/v1/users/{instance.admin.user_id}/disable').problem(409)
    instance.admin.get('/v1/me').expect(200)
    link = instance.cli('invite', '--data', instance.data).expect(0).out
    assert instance.enroll(link).get('/v1/me').expect(200)['roles'] == ['administrator']


def test_wrong_authorization_headers(instance):
    nobody = instance.anonymous()
    for value in ('', 'Bearer', 'Bearer ', 'Basic YTpi', 'bearer x', 'Bearer ' + 'x' * 5000, 'Bearer a b', 'Bearer cxt_é'):
        answer = nobody.get('/v1/me', Authorization=value.encode('latin-1', 'replace').decode('latin-1'))
        assert answer.status in (400, 401, 431), (value, answer.status)
