"""Changes of policy that others have to agree to: the call is kept, shown with what it would change, and made by the last
approval in the name of who asked. The fake provider's addresses are never called: only its settings are at stake."""
import os
import uuid

import pytest

from harness import pki
from harness.approvals import HOUR, House, after, stage
from harness.instance import wait_for

ISSUER = 'https://idp.example.org'


@pytest.fixture(scope='module')
def home(instance):
    return House(instance)


@pytest.fixture
def house(home):
    yield home
    home.end_rules()


def word(stem):
    return f'{stem}-{uuid.uuid4().hex[:8]}'


def waiting(answer):
    """The proposal that a call was answered with."""
    proposal = answer.expect(202)
    assert proposal['kind'] == 'policy_change' and proposal['state'] == 'awaiting_approval'
    return proposal


def decide(client, proposal, what='approve'):
    return client.post(f'/v1/proposals/{proposal["id"]}/{what}', {'comment': 'seen and agreed'})


def history(house, kind, key=None):
    query = f'/v1/changes?object={kind}&limit=5' + (f'&key={key}' if key else '')
    return house.admin.get(query).expect(200)['items']


# ---- what may wait: what makes ready, the call, and what one sees of it ----

def pages(path, field='id', **match):
    return lambda client: sorted(str(item[field]) + str(item.get('state', '')) + str(item.get('lifted', ''))
                                 for item in client.get(path).expect(200)['items']
                                 if all(item.get(k) == v for k, v in match.items()))


def officer(house):
    """Somebody whom the first administrator enrolled."""
    return house.instance.user('security-officer')


def role(house):
    name = word('role')
    return '/v1/roles', {'name': name, 'permissions': ['certificate.read']}, pages('/v1/roles', 'name')


def role_rollback(house):
    name = word('role')
    for permissions in (['certificate.read'], ['certificate.read', 'request.read']):
        house.admin.post('/v1/roles', {'name': name, 'permissions': permissions}).expect(200)
    return '/v1/roles/rollback', {'name': name, 'version': 1}, pages('/v1/roles', 'permissions', name=name)


def role_conflict(house):
    name = word('role')
    house.admin.post('/v1/roles', {'name': name, 'permissions': ['certificate.read']}).expect(200)
    return '/v1/role-conflicts', {'one': name, 'other': 'auditor'}, pages('/v1/role-conflicts', 'one'), officer(house)


def nesting(house):
    over, under = house.group(word('over')), house.group(word('under'))
    return (f'/v1/groups/{over}/nest', {'child_id': under},
            lambda client: client.get('/v1/groups/' + over).expect(200).get('nested', []))


def unnesting(house):
    over, under = house.group(word('over')), house.group(word('under'))
    house.admin.post(f'/v1/groups/{over}/nest', {'child_id': under}).expect(200)
    return (f'/v1/groups/{over}/unnest', {'child_id': under},
            lambda client: client.get('/v1/groups/' + over).expect(200).get('nested', []))


def provider_body():
    return {'name': word('idp'), 'issuer': ISSUER + '/' + word('x'), 'client_id': 'certinext', 'client_secret': 'hush-hush'}


def provider(house):
    return '/v1/oidc-providers', provider_body(), pages('/v1/oidc-providers', 'name')


def provider_update(house):
    made = house.admin.post('/v1/oidc-providers', provider_body()).expect(201)
    body = {'client_id': 'other', 'rules': [{'claim': 'staff', 'gives': 'role:basic-user'}]}
    return (f'/v1/oidc-providers/{made["id"]}/update', body,
            lambda client: client.get('/v1/oidc-providers/' + made['id']).expect(200)['client_id'])


def provider_rollback(house):
    made = house.admin.post('/v1/oidc-providers', provider_body()).expect(201)
    house.admin.post(f'/v1/oidc-providers/{made["id"]}/update', {'client_id': 'second'}).expect(200)
    return (f'/v1/oidc-providers/{made["id"]}/rollback', {'version': 1},
            lambda client: client.get('/v1/oidc-providers/' + made['id']).expect(200)['client_id'])


def provider_enable(house):
    made = house.admin.post('/v1/oidc-providers', provider_body()).expect(201)
    house.admin.post(f'/v1/oidc-providers/{made["id"]}/disable').expect(200)
    return f'/v1/oidc-providers/{made["id"]}/enable', None, pages('/v1/oidc-providers')


def identity(house):
    made = house.admin.post('/v1/oidc-providers', provider_body()).expect(201)
    person = house.instance.user('basic-user')
    return ('/v1/oidc-identities', {'provider_id': made['id'], 'subject': word('sub'), 'user_id': person.user_id},
            pages('/v1/oidc-identities'))


def scim_client(house):
    return '/v1/scim-clients', {'display_name': word('directory')}, pages('/v1/scim-clients', 'user_id')


def scim_group(house):
    client = house.admin.post('/v1/scim-clients', {'display_name': word('directory')}).expect(201)['client']
    group = house.group(word('managed'))
    return '/v1/scim-groups/' + group, {'client_id': client['user_id']}, pages('/v1/scim-groups', 'group_id')


def client_ca(house):
    folder = house.instance.data + '-' + word('ca')
    os.makedirs(folder)
    pem = os.path.join(folder, 'ca.pem')
    pki.openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout',
                os.path.join(folder, 'ca.key'), '-out', pem, '-subj', '/CN=' + word('Outside'), '-days', '30',
                '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign')
    with open(pem) as f:
        return '/v1/client-cas', {'name': 'Outside', 'certificate': f.read()}, pages('/v1/client-cas')


def directory(house):
    return ('/v1/acme-directories', {'name': word('acme'), 'certificate_profiles': ['server-tls-auto']},
            pages('/v1/acme-directories', 'name'))


def directory_enable(house):
    made = house.admin.post('/v1/acme-directories', {'name': word('acme'), 'certificate_profiles': ['server-tls-auto']}).expect(201)
    house.admin.post(f'/v1/acme-directories/{made["id"]}/disable').expect(200)
    return f'/v1/acme-directories/{made["id"]}/enable', None, pages('/v1/acme-directories')


def block_lift(house):
    incident = house.second.post('/v1/incidents', {'type': 'misissuance', 'impact': 'high', 'urgency': 'high', 'title': 'T',
                                                   'source': 'self_reported', 'summary': 'S'}).expect(201)
    block = house.second.post('/v1/blocks', {'incident_id': incident['id'], 'kind': 'name', 'domain': word('x') + '.example',
                                             'reason': 'because'}).expect(201)
    return f'/v1/blocks/{block["id"]}/lift', {'reason': 'it is over'}, pages('/v1/blocks')


def setting_back(house):
    for value in (30, 40):
        house.admin.put('/v1/settings/token-life', {'value': value, 'reason': 'because'}).expect(200)
    version = house.admin.get('/v1/settings/token-life').expect(200)['version'] - 1
    return ('/v1/settings/token-life/rollback', {'version': version, 'reason': 'because'},
            lambda client: client.get('/v1/settings/token-life').expect(200)['value'])


def rule_pack(house):
    """The version that applies already, from an hour to come: there is one more use of it."""
    shown = house.admin.get('/v1/rule-packs/service').expect(200)
    return ('/v1/rule-packs/service/activate', {'version': shown['pack']['version'], 'reason': 'because'},
            lambda client: len(client.get('/v1/rule-packs/service').expect(200)['uses']))


def playbook(house):
    return '/v1/playbooks', {'library': 'service-outage'}, pages('/v1/playbooks', 'version')


KINDS = {'role': role, 'role/rollback': role_rollback, 'role-conflict': role_conflict, 'group-nesting': nesting,
         'group-nesting/unnest': unnesting, 'oidc-provider': provider, 'oidc-provider/update': provider_update,
         'oidc-provider/rollback': provider_rollback, 'oidc-provider/enable': provider_enable, 'oidc-identity': identity,
         'scim-client': scim_client, 'scim-managed': scim_group, 'client-ca': client_ca, 'acme-directory': directory,
         'acme-directory/enable': directory_enable, 'issuance-block': block_lift, 'setting/rollback': setting_back,
         'rule-pack': rule_pack, 'playbook': playbook}


@pytest.mark.parametrize('kind', KINDS)
def test_it_waits_and_the_last_approval_makes_it(house, kind):
    path, body, seen, *askers = KINDS[kind](house)
    asker = askers[0] if askers else house.admin
    word_of_rule = kind.split('/', maxsplit=1)[0]
    assert house.guard(stage('any'), object=word_of_rule)['object'] == word_of_rule
    before = seen(house.admin)
    proposal = waiting(asker.post(path, body))
    assert (proposal['object'], proposal['target'], proposal['stale']) == (word_of_rule, path, False)
    assert seen(house.admin) == before
    shown = house.second.get('/v1/proposals/' + proposal['id']).expect(200)
    assert shown.get('request') == ({**body, 'client_secret': '(secret)'} if body and 'client_secret' in body else body)
    if kind not in ('issuance-block', 'client-ca', 'oidc-identity', 'scim-managed'):  # these have no versions
        assert shown['effects'] and all(effect['fields'] for effect in shown['effects'])
    decide(asker, proposal).problem(403, rule='requester-is-approver')
    assert seen(house.admin) == before
    done = decide(house.second, proposal).expect(200)
    assert done['state'] == 'done' and [a['approver_id'] for a in done['approvals']] == [house.second.user_id]
    assert seen(house.admin) != before
    for effect in shown['effects']:
        if effect['from']:
            change = history(house, effect['object'], effect['key'])[0]
            assert change['version'] == effect['from'] + 1 and change['approved'] is True
            assert change['proposal_id'] == proposal['id'] and change['requester_id'] == asker.user_id
            assert [(a['approver_id'], a['comment']) for a in change['approvals']] == [(house.second.user_id, 'seen and agreed')]
    decide(house.second, proposal).problem(409)


def test_without_a_rule_and_for_other_kinds_it_applies_at_once(house):
    path, body, seen = role(house)
    house.admin.post(path, body).expect(200)
    change = history(house, 'role', body['name'])[0]
    assert change['approved'] is False and 'approvals' not in change and 'proposal_id' not in change
    house.guard(stage('any'), object='oidc-provider')
    path, body, seen = role(house)
    house.admin.post(path, body).expect(200)
    assert body['name'] in str(seen(house.admin))


def test_the_entries_say_who_did_what(house):
    house.guard(stage('any'), object='role')
    path, body, _ = role(house)
    proposal = waiting(house.admin.post(path, body, headers={'X-Reason': 'for%20the%20audit'}))
    assert proposal['reason'] == 'for the audit'
    decide(house.second, proposal).expect(200)
    entries = house.entries('limit=10')
    change = next(e for e in entries if e['action'] == 'role.set' and e['outcome'] == 'done')
    approval = next(e for e in entries if e['action'] == 'proposal.approve')
    asked = next(e for e in entries if e['action'] == 'policy.propose')
    assert change['actor_id'] == asked['actor_id'] == house.admin.user_id and approval['actor_id'] == house.second.user_id
    assert change['correlation_id'] == approval['correlation_id'] and asked['object_id'] == approval['object_id'] == proposal['id']
    assert proposal['id'] in str(change['details']) and 'for the audit' in str(change['details'])


def test_what_the_operation_refuses_is_refused_at_once(house):
    house.guard(stage('any'))
    before = [p['id'] for p in house.admin.pages('/v1/proposals')]
    house.admin.post('/v1/roles', {'name': 'administrator', 'permissions': []}).problem(422, rule='role-builtin')
    house.admin.post('/v1/roles', {'name': word('x'), 'permissions': ['no.such']}).problem(422, field='permissions')
    officer(house).post('/v1/role-conflicts', {'one': 'nobody', 'other': 'auditor'}).problem(422, rule='term-unknown')
    house.admin.post('/v1/oidc-providers', {**provider_body(), 'rules': [{'claim': 'a', 'gives': 'role:none'}]}).problem(
        422, rule='role-unknown')
    house.instance.user('basic-user').post('/v1/roles', {'name': word('x'), 'permissions': []}).problem(403)
    assert [p['id'] for p in house.admin.pages('/v1/proposals')] == before


def test_the_diff_is_between_the_version_in_force_and_the_proposed(house):
    name = word('role')
    house.admin.post('/v1/roles', {'name': name, 'permissions': ['certificate.read']}).expect(200)
    house.guard(stage('any'), object='role', role=name)
    proposal = waiting(house.admin.post('/v1/roles', {'name': name, 'permissions': ['certificate.read', 'request.read']}))
    assert proposal['object_name'] == name
    effect, = house.second.get('/v1/proposals/' + proposal['id']).expect(200)['effects']
    assert (effect['object'], effect['key'], effect['from']) == ('role', name, 1)
    field, = effect['fields']
    assert field == {'field': 'permissions', 'was': '["certificate.read"]', 'is': '["certificate.read","request.read"]'}
    other = word('role')  # the rule names one role only
    house.admin.post('/v1/roles', {'name': other, 'permissions': []}).expect(200)


def test_a_proposal_on_a_version_that_is_over_is_refused(house):
    name = word('role')
    house.admin.post('/v1/roles', {'name': name, 'permissions': ['certificate.read']}).expect(200)
    house.guard(stage('any'), object='role')
    one = waiting(house.admin.post('/v1/roles', {'name': name, 'permissions': ['request.read']}))
    two = waiting(house.admin.post('/v1/roles', {'name': name, 'permissions': []}))
    decide(house.second, one).expect(200)
    assert house.second.get('/v1/proposals/' + two['id']).expect(200)['stale'] is True
    decide(house.second, two).problem(409, rule='proposal-stale')
    view = house.second.get('/v1/proposals/' + two['id']).expect(200)
    assert view['state'] == 'awaiting_approval' and view['approvals'] == []
    assert next(r for r in house.admin.get('/v1/roles').expect(200)['items'] if r['name'] == name)['permissions'] == ['request.read']
    assert house.admin.post(f'/v1/proposals/{two["id"]}/cancel').expect(200)['state'] == 'cancelled'


def test_two_that_make_the_same_thing(house):
    house.guard(stage('any'), object='oidc-provider')
    body = provider_body()
    one, two = waiting(house.admin.post('/v1/oidc-providers', body)), waiting(house.admin.post('/v1/oidc-providers', body))
    decide(house.second, one).expect(200)
    decide(house.second, two).problem(409, rule='oidc-provider-name-taken')
    assert house.second.get('/v1/proposals/' + two['id']).expect(200)['state'] == 'awaiting_approval'


def test_rejected_and_cancelled_changes_never_happen(house):
    house.guard(stage('any'), object='role')
    path, body, seen = role(house)
    one, two = waiting(house.admin.post(path, body)), waiting(house.admin.post(path, body))
    assert decide(house.second, one, 'reject').expect(200)['state'] == 'rejected'
    house.second.post(f'/v1/proposals/{two["id"]}/cancel').problem(404)
    assert house.admin.post(f'/v1/proposals/{two["id"]}/cancel').expect(200)['state'] == 'cancelled'
    decide(house.second, one).problem(409, rule='approved-before')
    decide(house.second, two).problem(409, rule='proposal-state')
    assert body['name'] not in str(seen(house.admin))


def test_nobody_approves_themselves_by_another_way(house):
    """A service account of theirs, a second token, a delegate, somebody whom they enrolled, and who has the role."""
    instance = house.instance
    house.guard(stage('any'), object='role')
    path, body, seen = role(house)
    proposal = waiting(house.admin.post(path, body))
    account = house.admin.post('/v1/service-accounts', {'display_name': 'robot', 'purpose': 'x',
                                                        'owner_id': house.admin.user_id}).expect(201)
    house.second.post('/v1/bindings', {'user_id': account['id'], 'role': 'administrator', 'all': True, 'reason': 'x',
                                       'expires': after(30)}).expect(201)
    token = house.admin.post(f'/v1/service-accounts/{account["id"]}/tokens', {'label': 't', 'expires_in_days': 1}).expect(201)
    decide(instance.anonymous(token=token['secret']), proposal).problem(403)
    second_token = house.admin.post('/v1/tokens', {'label': 'second', 'expires_in_days': 1}).expect(201)
    decide(instance.anonymous(token=second_token['secret']), proposal).problem(403, rule='requester-is-approver')
    mine = officer(house)
    decide(mine, proposal).problem(403, rule='approver-enrolled-by-requester')
    delegate = instance.user('requester')
    delegation = house.admin.post('/v1/delegations', {'delegate_id': delegate.user_id, 'expires': after(7), 'reason': 'x'}).expect(201)
    delegate.post(f'/v1/delegations/{delegation["id"]}/decide', {'request_id': proposal['id'], 'decision': 'approve',
                                                                 'comment': 'x'}).problem(400)  # of requests only
    decide(delegate, proposal).problem(403, rule='permission-missing')
    assert body['name'] not in str(seen(house.admin))
    decide(house.second, proposal).expect(200)
    house.admin.post('/v1/bindings', {'user_id': house.second.user_id, 'role': body['name'], 'all': True, 'reason': 'x',
                                      'expires': after(1)}).expect(201)
    wider = waiting(house.admin.post(path, {**body, 'permissions': ['certificate.read', 'request.read']}))
    decide(house.second, wider).problem(403, rule='receiver-is-approver')


def test_who_may_not_any_more_gets_nothing(house):
    house.guard(stage('any'), object='role')
    asker = house.instance.enroll(house.second.post('/v1/users', {'display_name': 'Asker', 'roles': ['administrator']}).expect(
        201)['link'])
    path, body, seen = role(house)
    proposal = waiting(asker.post(path, body))
    house.second.post(f'/v1/users/{asker.user_id}/disable').expect(200)
    decide(house.admin, proposal).problem(403, rule='requester-may-not')
    assert body['name'] not in str(seen(house.admin))


def test_a_quorum_of_two_in_order(house):
    third = house.instance.enroll(house.instance.cli('invite', '--data', house.instance.data).expect(0).out)
    rule = house.rule('policy_change', stage('any', 2), object='role')
    opening = house.proposal(rule_id=rule['id'], state='awaiting_approval')
    decide(house.second, opening).expect(200)
    decide(third, opening).expect(200)
    path, body, seen = role(house)
    proposal = waiting(house.admin.post(path, body))
    assert decide(house.second, proposal).expect(200)['state'] == 'awaiting_approval'
    assert body['name'] not in str(seen(house.admin))
    decide(house.second, proposal).problem(409, rule='approved-before')
    assert decide(third, proposal).expect(200)['state'] == 'done'
    assert len(history(house, 'role', body['name'])[0]['approvals']) == 2
    end = house.admin.post(f'/v1/approval-rules/{rule["id"]}/end', {'reason': 'over'}).expect(200)
    assert end['state'] == 'active'
    closing = house.proposal(rule_id=rule['id'], state='awaiting_approval')
    decide(house.second, closing).expect(200)
    assert house.admin.get('/v1/approval-rules/' + rule['id']).expect(200)['state'] == 'active'
    decide(third, closing).expect(200)
    assert house.admin.get('/v1/approval-rules/' + rule['id']).expect(200)['state'] == 'ended'


def test_the_first_rule_waits_and_the_last_one_does_not_go_by_one_person(house):
    """Whatever the rule is about: it is made and ended under itself."""
    rule = house.rule('policy_change', stage('role:administrator'), object='client-ca')
    assert rule['state'] == 'proposed'
    path, body, _ = client_ca(house)
    house.admin.post(path, body).expect(201)  # it binds nobody yet
    opening = house.proposal(rule_id=rule['id'], state='awaiting_approval')
    decide(house.admin, opening).problem(403, rule='requester-is-approver')
    decide(house.second, opening).expect(200)
    house.admin.post(f'/v1/approval-rules/{rule["id"]}/end', {'reason': 'mine alone'}).expect(200)
    assert house.admin.get('/v1/approval-rules/' + rule['id']).expect(200)['state'] == 'active'
    closing = house.proposal(rule_id=rule['id'], state='awaiting_approval')
    decide(house.admin, closing).problem(403, rule='requester-is-approver')
    path, body, _ = client_ca(house)
    waiting(house.admin.post(path, body))
    decide(house.second, closing).expect(200)
    assert house.admin.get('/v1/approval-rules/' + rule['id']).expect(200)['state'] == 'ended'


def test_a_token_that_would_be_shown_once_is_not_shown_to_who_approves(house):
    house.guard(stage('any'), object='scim-client')
    path, body, _ = scim_client(house)
    proposal = waiting(house.admin.post(path, body))
    assert 'secret' not in decide(house.second, proposal).expect(200)
    client = next(c for c in house.admin.get(path).expect(200)['items'] if c['display_name'] == body['display_name'])
    secret = house.admin.post(f'/v1/scim-clients/{client["user_id"]}/rotate', {}).expect(200)['secret']
    house.instance.anonymous(token=secret).get('/scim/v2/ServiceProviderConfig').expect(200)


def text_of(house, name):
    return house.admin.get('/v1/certificate-profiles/' + name).expect(200)['text']


def test_a_profile_is_installed_only_as_agreed(house, tmp_path):
    instance = house.instance
    install = lambda text: (tmp_path / 'p.yaml').write_text(text) and instance.cli(  # noqa: E731
        'profile', 'install', str(tmp_path / 'p.yaml'), '--data', instance.data, '--because', 'agreed')
    propose = lambda text, **more: house.admin.post('/v1/certificate-profiles/client-tls/propose', {  # noqa: E731
        'text': text, 'reason': 'shorter lives', **more})
    first = text_of(house, 'client-tls')
    second = first.replace('version: 1', 'version: 2').replace('max: 397d', 'max: 30d').replace('default: 90d', 'default: 9d')
    propose(second).problem(422, rule='profile-asks-nobody')
    house.guard(stage('any'), object='certificate-profile')
    house.guard(stage('any'), object='certificate-profile', certificate_profile='client-tls')
    assert 'propose this text' in install(second).expect(66).err
    propose(first).problem(409, rule='profile-version')
    propose('nonsense').problem(422)
    propose(text_of(house, 'server-tls').replace('version: 1', 'version: 2')).problem(422, field='text', rule='profile-name')
    propose(second, effective='2020-01-01T00:00:00Z').problem(422, field='effective', rule='effective-past')
    proposal = waiting(propose(second))
    effect, = house.second.get('/v1/proposals/' + proposal['id']).expect(200)['effects']
    content = next(f for f in effect['fields'] if f['field'] == 'content')
    assert (effect['object'], content['was'], content['is']) == ('certificate-profile', first, second)
    install(second).expect(66)
    decide(house.second, proposal).expect(200)
    install(second.replace('30d', '31d')).expect(66)
    install(second).expect(0)
    assert text_of(house, 'client-tls') == second
    change = next(c for c in house.admin.get('/v1/changes?object=certificate-profile&key=client-tls%2F2').expect(200)['items'])
    assert change['approved'] is True and change['approvals'][0]['approver_id'] == house.second.user_id
    third = first.replace('version: 1', 'version: 3')  # a rollback is a proposal like another
    back = lambda: instance.cli('profile', 'rollback', 'client-tls', '--version', '1', '--data', instance.data)  # noqa: E731
    back().expect(66)
    decide(house.second, waiting(propose(third))).expect(200)
    back().expect(0)
    assert text_of(house, 'client-tls') == third


def test_bad_rules_are_refused_by_name(house):
    def refused(field, rule, **fields):
        house.admin.post('/v1/approval-rules', {'action': 'policy_change', 'stages': [stage('any')], 'reason': 'x',
                                                **fields}).problem(422, field=field, rule=rule)
    refused('object', 'rule-subject', action='issue', object='role')
    refused('role', 'rule-subject', role='operator')
    refused('role', 'rule-subject', object='oidc-provider', role='operator')
    refused('certificate_profile', 'rule-subject', object='role', certificate_profile='server-tls')
    refused('action', 'rule-subject', object='role', group_id=house.group(word('g')))
    house.admin.post('/v1/approval-rules', {'action': 'policy_change', 'stages': [stage('any')], 'reason': 'x',
                                            'object': 'everything'}).problem(400, field='object')


def test_the_command_line_says_what_waits_and_who_agreed(house):
    instance = house.instance
    made = house.second.post('/v1/users', {'display_name': 'Cleo', 'roles': ['administrator']}).expect(201)
    instance.cli('enroll', instance.url, made['link'], '--ca-file', instance.root_pem).expect(0)
    house.guard(stage('any'), object='role')
    assert 'any=1' in instance.cli('approval-rule', 'list').expect(0).out
    name = word('role')
    out = instance.cli('role', 'set', '--name', name, '--permission', 'certificate.read', '--because', 'tidy').expect(0).out
    assert 'awaiting_approval' in out and 'policy_change' in out
    proposal = house.proposal(object_name=name)
    shown = instance.cli('proposal', 'show', proposal['id']).expect(0).out
    assert 'effects:' in shown and 'is: ["certificate.read"]' in shown
    decide(house.admin, proposal).expect(200)
    change = instance.cli('change', 'show', '--object', 'role', '--key', name).expect(0).out
    assert 'approved: yes' in change and house.admin.user_id in change and 'seen and agreed' in change and 'tidy' in change
    tenant = instance.cli('change', 'list', '--object', 'tenant', '--json').expect(0).json()['items'][0]
    assert tenant['approved'] is False


def test_expiry_and_escalation_by_the_clock(make_instance):
    instance = make_instance(drill=True).start()
    house = House(instance)
    house.guard(stage('any'), object='role')
    group = house.group('small')
    narrow = house.rule('policy_change', stage('group:' + group), object='oidc-provider', expires_in_hours=48,
                        escalate_after_hours=24, escalate_to_role='administrator')
    opening = house.proposal(rule_id=narrow['id'], state='awaiting_approval')
    decide(house.second, opening).problem(403, rule='stage-group')
    house.admin.post('/v1/system/clock', {'offset_s': 25 * HOUR}).expect(200)
    decide(house.second, opening).expect(200)
    path, body, seen = provider(house)
    one, two = waiting(house.admin.post(path, body)), waiting(house.admin.post(path, {**body, 'name': word('idp')}))
    decide(house.second, one).problem(403, rule='stage-group')
    house.admin.post('/v1/system/clock', {'offset_s': 51 * HOUR}).expect(200)
    decide(house.second, one).expect(200)
    house.admin.post('/v1/system/clock', {'offset_s': 90 * HOUR}).expect(200)
    decide(house.second, two).problem(409)  # lapsed, whether or not the worker has been there
    wait_for(lambda: house.admin.get('/v1/proposals/' + two['id']).expect(200)['state'] == 'expired', 'the expiry', 60)
    assert [p['name'] for p in house.admin.get('/v1/oidc-providers').expect(200)['items']] == [body['name']]
