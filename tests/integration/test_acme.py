"""ACME (RFC 8555) from the directory to the certificate, by an own client at the level of JOSE."""
import time

import pytest

from harness import acme, pki


@pytest.fixture(scope='module')
def world(instance):
    return acme.World(instance)


@pytest.fixture(scope='module')
def account(world):
    return world.account()


def test_directory_names_every_resource(world):
    directory = world.client().directory
    assert {'newNonce', 'newAccount', 'newOrder', 'newAuthz', 'revokeCert', 'keyChange', 'renewalInfo', 'meta'} <= set(directory)
    assert all(directory[k].startswith('https://') for k in directory if k != 'meta')
    assert directory['meta']['externalAccountRequired'] is True
    assert list(directory['meta']['profiles']) == ['server-tls-auto']


def test_new_nonce_by_head_and_get(world):
    path = world.client().path(world.client().directory['newNonce'])
    head, get = world.http.send('HEAD', path), world.http.get(path)
    assert (head.status, get.status) == (200, 204)
    assert head.header('Replay-Nonce') != get.header('Replay-Nonce')
    for answer in (head, get):
        assert 'no-store' in answer.header('Cache-Control')
        assert '/directory>;rel="index"' in answer.header('Link')
        assert set(answer.header('Replay-Nonce')) <= set('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')


@pytest.mark.parametrize('alg', ['ES256', 'ES384', 'EdDSA', 'RS256'])
def test_account_keys_of_every_kind(world, alg):
    client = world.client(acme.Key(alg))
    made = client.new_account(world.eab(), contact=['mailto:admin@example.org'])
    assert made.status == 201, made.body
    account = made.json()
    assert (account['status'], account['contact'], account['termsOfServiceAgreed']) == ('valid', ['mailto:admin@example.org'], True)
    assert client.post(client.kid).expect(200)['orders'] == client.kid + '/orders'
    again = world.client(client.key)
    found = again.new_account(onlyReturnExisting=True)
    assert (found.status, found.header('Location')) == (200, client.kid)
    again.new_account().expect(200)


def test_order_to_certificate(world, account, tmp_path):
    private_key = pki.key('p256', fresh=True)
    csr = pki.csr(['DNS:www.example.org', 'DNS:example.org'], private_key=private_key, form='DER')
    made = account.new_order('www.example.org', 'example.org')
    order = made.expect(201)
    assert order['status'] == 'ready' and order['expires'] and order['profile'] == 'server-tls-auto'
    assert order['identifiers'] == [{'type': 'dns', 'value': n} for n in ('www.example.org', 'example.org')]
    for url in order['authorizations']:
        assert account.post(url).expect(200)['status'] == 'valid'
    done = account.finalize(order, csr)
    assert done.header('Location') == made.header('Location')
    order = account.settled(made.header('Location'))
    assert order['status'] == 'valid' and order['expires']
    leaf, *chain = account.certificate(order)
    pki.verify(tmp_path, leaf, chain + [world.instance.chain()[-1]], '-purpose', 'sslserver', '-verify_hostname', 'www.example.org')
    assert account.post(account.kid + '/orders').expect(200)['orders'][0] == made.header('Location')


def test_every_answer_has_a_nonce(world):
    """RFC 8555 §6.5, and §7.1.3: what was ordered does not change on the way."""
    client = world.client()
    answers = [client.new_account(world.eab())]
    made = client.new_order('nonce.example.org', 'two.example.org')
    order, url = made.expect(201), made.header('Location')
    answers += [made, client.post(url), client.post(client.kid), client.post(order['authorizations'][0]), client.post(client.kid + '/orders')]
    answers.append(client.finalize(order, pki.csr(['DNS:nonce.example.org', 'DNS:two.example.org'], form='DER')))
    done = client.settled(url)
    answers.append(client.post(done['certificate']))
    assert [a.status for a in answers] == [201, 201, 200, 200, 200, 200, 200, 200]
    nonces = [a.header('Replay-Nonce') for a in answers]
    assert all(nonces) and len(set(nonces)) == len(nonces)
    for member in ('identifiers', 'authorizations', 'finalize', 'profile'):
        assert done[member] == order[member]


def test_every_step_left_its_audit_entry(world):
    account = world.account()
    order, url = account.order('audit.example.org')
    auditor = world.instance.people()['auditor']

    def actions(object_id):
        return [(e['action'], e.get('actor_id')) for e in auditor.pages('/v1/audit/entries?object_id=' + object_id)]
    me = world.instance.people()['requester'].user_id
    assert actions(account.kid.rsplit('/', 1)[1]) == [('acme.account.create', me)]
    assert actions(url.rsplit('/', 1)[1]) == [('acme.order.create', me)]
    made = next(world.admin.pages('/v1/requests?requester_id=' + me))
    assert made['names'] == [{'kind': 'dns', 'value': 'audit.example.org'}]
    assert ('request.create', me) in actions(made['id'])
    assert ('certificate.issue', me) in actions(made['certificate_id'])
    assert order['status'] == 'valid'


def test_ip_and_single_label_identifiers(world, account, tmp_path):
    order, _ = account.order({'type': 'ip', 'value': '10.0.0.1'}, {'type': 'ip', 'value': '2001:db8::1'}, 'intranet')
    leaf = account.certificate(order)[0]
    assert 'IP Address:10.0.0.1' in pki.text(leaf) and 'DNS:intranet' in pki.text(leaf)


def test_wildcards_where_the_profile_allows_them(instance):
    world = acme.World(instance, profiles=('server-tls', 'server-tls-auto'))
    account = world.account()
    order = account.new_order('*.example.org').expect(201)
    authorization = account.post(order['authorizations'][0]).expect(200)
    assert authorization['identifier']['value'] == 'example.org' and authorization['wildcard'] is True
    acme.problem(account.new_order('*.example.org', profile='server-tls-auto'), 'rejectedIdentifier', 403)
    unproven = world.account(world.eab(validation='challenge'))
    order = unproven.new_order('*.example.org').expect(201)
    kinds = [c['type'] for c in unproven.post(order['authorizations'][0]).expect(200)['challenges']]
    assert kinds == ['dns-01']


def test_profiles_extension(instance):
    world = acme.World(instance, profiles=('server-tls', 'server-tls-auto'))
    account = world.account()
    assert account.new_order('a.example.org').expect(201)['profile'] == 'server-tls'
    assert account.new_order('a.example.org', profile='server-tls-auto').expect(201)['profile'] == 'server-tls-auto'
    acme.problem(account.new_order('a.example.org', profile='smime'), 'invalidProfile', 400)
    narrow = world.account(world.eab(certificate_profile='server-tls-auto'))
    assert narrow.new_order('a.example.org').expect(201)['profile'] == 'server-tls-auto'
    acme.problem(narrow.new_order('a.example.org', profile='server-tls'), 'invalidProfile', 400)


def test_an_order_that_needs_approval_waits_and_completes(instance):
    world = acme.World(instance, profiles=('server-tls',))
    account = world.account()
    made = account.new_order('wait.example.org')
    answer = account.finalize(made.expect(201), pki.csr(['DNS:wait.example.org'], form='DER'))
    assert answer.expect(200)['status'] == 'processing'
    assert int(answer.header('Retry-After')) >= 30
    url = made.header('Location')
    assert account.post(url).expect(200)['status'] == 'processing'
    waiting = next(r for r in world.admin.pages('/v1/requests?state=awaiting_approval')
                   if r['names'] == [{'kind': 'dns', 'value': 'wait.example.org'}])
    # The account acts for the requester, who cannot approve it.
    instance.people()['requester'].post(f'/v1/requests/{waiting["id"]}/approve', {'comment': 'mine'}).problem(403)
    instance.approve(waiting)
    order = account.settled(url)
    assert order['status'] == 'valid'
    assert 'DNS:wait.example.org' in pki.text(account.certificate(order)[0])


def test_a_rejected_request_makes_the_order_invalid(instance):
    world = acme.World(instance, profiles=('server-tls',))
    account = world.account()
    made = account.new_order('no.example.org')
    account.finalize(made.expect(201), pki.csr(['DNS:no.example.org'], form='DER')).expect(200)
    waiting = next(r for r in world.admin.pages('/v1/requests?state=awaiting_approval')
                   if r['names'] == [{'kind': 'dns', 'value': 'no.example.org'}])
    instance.people()['approver'].post(f'/v1/requests/{waiting["id"]}/reject', {'comment': 'no'}).expect(200)
    order = account.post(made.header('Location')).expect(200)
    assert order['status'] == 'invalid' and order['error']['type'].endswith(':unauthorized')
    assert 'certificate' not in order


def test_alternate_chain(account, tmp_path):
    order, _ = account.order('chain.example.org')
    first = account.post(order['certificate'])
    assert first.header('Content-Type') == 'application/pem-certificate-chain'
    links = first.headers.get_all('Link')
    other = next(link.split('>')[0][1:] for link in links if 'rel="alternate"' in link)
    second = account.post(other)
    short, long = (pki.split_pem(a.body.decode()) for a in (first, second))
    assert long[:len(short)] == short and len(long) == len(short) + 1
    assert pki.field(long[-1], '-subject') == pki.field(long[-1], '-issuer')
    assert any(order['certificate'] in link for link in second.headers.get_all('Link'))


def test_pre_authorization_reuse_and_deactivation(instance):
    world = acme.World(instance, reuse_hours=24)
    account = world.account()
    made = account.post(account.directory['newAuthz'], {'identifier': {'type': 'dns', 'value': 'pre.example.org'}})
    assert made.expect(201)['status'] == 'valid'
    url = made.header('Location')
    assert account.new_order('pre.example.org').expect(201)['status'] == 'ready'
    acme.problem(account.post(account.directory['newAuthz'], {'identifier': {'type': 'dns', 'value': '*.example.org'}}),
                 'malformed', 400)
    unproven = world.account(world.eab(validation='challenge'))
    first = unproven.post(unproven.directory['newAuthz'], {'identifier': {'type': 'dns', 'value': 'pre.example.org'}})
    assert first.expect(201)['status'] == 'pending'
    assert account.post(url, {'status': 'deactivated'}).expect(200)['status'] == 'deactivated'
    acme.problem(account.post(url, {'status': 'deactivated'}), 'malformed', 400)
    acme.problem(account.post(url, {'status': 'valid'}), 'malformed', 400)


def test_a_deactivated_authorization_invalidates_its_order(account):
    made = account.new_order('gone.example.org')
    account.post(made.expect(201)['authorizations'][0], {'status': 'deactivated'}).expect(200)
    assert account.post(made.header('Location')).expect(200)['status'] == 'invalid'


def test_account_update_and_deactivation(world):
    account = world.account(contact=['mailto:a@example.org'])
    assert account.post(account.kid, {'contact': ['mailto:b@example.org']}).expect(200)['contact'] == ['mailto:b@example.org']
    assert account.post(account.kid, {'unknown': 1}).expect(200)['status'] == 'valid'
    acme.problem(account.post(account.kid, {'contact': ['tel:+1']}), 'unsupportedContact', 400)
    acme.problem(account.post(account.kid, {'contact': ['mailto:a@example.org?subject=x']}), 'invalidContact', 400)
    assert account.post(account.kid, {'status': 'deactivated'}).expect(200)['status'] == 'deactivated'
    acme.problem(account.post(account.kid), 'unauthorized', 401)
    acme.problem(account.new_order('a.example.org'), 'unauthorized', 401)
    acme.problem(world.client(account.key).new_account(world.eab()), 'unauthorized', 401)


def roll(account, new, inner_key=None, account_url=None, old=None, url=None, **header):
    url = url or account.directory['keyChange']
    inner_header = {'alg': new.alg, 'jwk': new.jwk, 'url': url, **header}
    payload = {'account': account_url or account.kid, 'oldKey': old or account.key.jwk}
    return account.post(account.directory['keyChange'], acme.jws(inner_header, payload, (inner_key or new).sign))


def test_key_rollover(world):
    account, other = world.account(), world.account()
    new = acme.Key('ES384')
    acme.problem(roll(account, new, inner_key=acme.Key('ES384')), 'malformed', 400, 'jws-signature')
    acme.problem(roll(account, new, account_url=other.kid), 'malformed', 400, 'rollover-account')
    acme.problem(roll(account, new, old=other.key.jwk), 'malformed', 400, 'rollover-old-key')
    acme.problem(roll(account, new, url='https://127.0.0.1/other'), 'malformed', 400, 'rollover-header')
    acme.problem(roll(account, new, nonce='x'), 'malformed', 400, 'rollover-header')
    taken = roll(account, other.key)
    acme.problem(taken, 'malformed', 409)
    assert taken.header('Location') == other.kid
    assert roll(account, new).status == 200
    acme.problem(account.post(account.kid), 'badSignatureAlgorithm', 400)
    account.key = new
    account.post(account.kid).expect(200)


def test_revocation_by_account_by_key_and_by_authorization(world):
    key = pki.key('p256', fresh=True)
    csr = pki.csr(['DNS:rev.example.org'], private_key=key, form='DER')

    def issue(account):
        order, _ = account.order('rev.example.org', csr=csr)
        return pki.der(account.certificate(order)[0])

    def ask(client, der, **more):
        return client.post(client.directory['revokeCert'], {'certificate': acme.b64(der), **more})
    owner, stranger = world.account(), world.account(world.eab(domains=['example.net']))
    first, second, third = issue(owner), issue(owner), issue(owner)
    acme.problem(ask(stranger, first), 'unauthorized', 403)
    acme.problem(ask(owner, first, reason=99), 'badRevocationReason', 400)
    acme.problem(ask(owner, first, reason=6), 'badRevocationReason', 400)
    assert ask(owner, first, reason=4).status == 200
    acme.problem(ask(owner, first), 'alreadyRevoked', 400)

    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    holder = world.client()
    own_key = acme.Key('ES256', load_pem_private_key(key.encode(), None))
    url = holder.directory['revokeCert']
    acme.problem(holder.by_key(url, {'certificate': acme.b64(second)}, acme.Key()), 'unauthorized', 403)
    assert holder.by_key(url, {'certificate': acme.b64(second), 'reason': 1}, own_key).status == 200
    entries = list(world.instance.people()['auditor'].pages('/v1/audit/entries?action=certificate.revoke'))
    assert 'actor_id' not in entries[0] and entries[1]['actor_id'] == world.instance.people()['requester'].user_id

    entitled = world.account()
    acme.problem(ask(entitled, third), 'unauthorized', 403)
    entitled.post(entitled.directory['newAuthz'], {'identifier': {'type': 'dns', 'value': 'rev.example.org'}}).expect(201)
    assert ask(entitled, third).status == 200
    acme.problem(ask(owner, pki.der(world.instance.chain()[0])), 'malformed', 404)


def test_rate_limits_say_when_to_come_back(instance):
    world = acme.World(instance, account_order_limit=2, account_window_hours=1, name_limit=1)
    account = world.account()
    account.order('limit.example.org')
    refused = account.new_order('limit.example.org')
    acme.problem(refused, 'rateLimited', 429, 'limit-name')
    assert 0 < int(refused.header('Retry-After')) <= 168 * 3600 + 1
    account.new_order('limit2.example.org').expect(201)
    refused = account.new_order('limit3.example.org')
    acme.problem(refused, 'rateLimited', 429, 'limit-account')
    assert 3000 < int(refused.header('Retry-After')) <= 3601
    world.account().new_order('limit3.example.org').expect(201)


def test_nonces_and_orders_survive_a_restart(make_instance):
    instance = make_instance().start()
    world = acme.World(instance)
    account = world.account()
    made = account.new_order('restart.example.org')
    kept = account.nonce()
    body = acme.jws(account.header(account.directory['newOrder']),
                    {'identifiers': [{'type': 'dns', 'value': 'replay.example.org'}]}, account.key.sign)
    account.send(account.directory['newOrder'], body).expect(201)
    assert instance.stop() == 0
    instance.start()
    acme.problem(account.send(account.directory['newOrder'], body), 'badNonce', 400)
    account.next_nonce = kept
    order = account.post(made.header('Location')).expect(200)
    account.finalize(order, pki.csr(['DNS:restart.example.org'], form='DER')).expect(200)
    assert account.settled(made.header('Location'))['status'] == 'valid'


def test_two_directories_do_not_share_accounts(instance, world):
    other = acme.World(instance)
    account = world.account()
    stranger = other.client(account.key)
    acme.problem(stranger.new_account(onlyReturnExisting=True), 'accountDoesNotExist', 400)
    stranger.kid = account.kid
    acme.problem(stranger.post(stranger.directory['newOrder'], {}), 'accountDoesNotExist', 400)
    other.admin.post(f'/v1/acme-directories/{other.directory["id"]}/disable').expect(200)
    assert other.http.get(stranger.directory_path).status == 404
    other.admin.post(f'/v1/acme-directories/{other.directory["id"]}/enable').expect(200)
    assert other.http.get(stranger.directory_path).status == 200


def test_accounts_end_with_their_binding_and_their_user(instance):
    world = acme.World(instance)
    person = instance.user('requester')
    eab = world.eab(client=person)
    account = world.account(eab)
    account.new_order('a.example.org').expect(201)
    person.post(f'/v1/acme-eab-keys/{eab["eab"]["id"]}/revoke').expect(200)
    acme.problem(account.new_order('a.example.org'), 'unauthorized', 401, 'account-binding-revoked')
    account = world.account(world.eab(client=person))
    world.admin.post(f'/v1/users/{person.user_id}/roles', {'roles': ['auditor']}).expect(200)
    acme.problem(account.new_order('a.example.org'), 'unauthorized', 403, 'permission-missing')
    denied = next(world.admin.pages('/v1/audit/entries?action=acme.order.create'))
    assert denied['outcome'] == 'denied' and denied['actor_id'] == person.user_id
    world.admin.post(f'/v1/users/{person.user_id}/disable').expect(200)
    acme.problem(account.new_order('a.example.org'), 'unauthorized', 401, 'account-user-inactive')


def test_accounts_without_binding_act_for_the_directorys_user(instance):
    bot = instance.user('requester', name='Web servers')
    world = acme.World(instance, profiles=('server-tls-auto', 'server-tls'), user_id=bot.user_id)
    assert 'externalAccountRequired' not in world.client().directory['meta']
    account = world.client()
    account.new_account().expect(201)
    order = account.new_order('open.example.org').expect(201)
    assert order['status'] == 'pending'
    authorization = account.post(order['authorizations'][0]).expect(200)
    assert [c['type'] for c in authorization['challenges']] == ['http-01', 'dns-01', 'tls-alpn-01']
    # Nobody knows who asks: what a second person approves is not to be had this way.
    acme.problem(account.new_order('open.example.org', profile='server-tls'), 'unauthorized', 403, 'approval-needs-binding')


def test_times(account):
    order = account.new_order('time.example.org').expect(201)
    left = time.mktime(time.strptime(order['expires'][:19], '%Y-%m-%dT%H:%M:%S')) - time.time()
    assert 5 * 86400 < left < 9 * 86400
