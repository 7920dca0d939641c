"""Two nodes over one PostgreSQL: two instances with the same keys, each with processes, data directory and ports of its own, behind
one public URL. What ACME keeps is in the database, so a client may talk to either with every request."""
import concurrent.futures
import json
import urllib.request

import pytest

from harness import acme, pki
from harness.challtestsrv import World as Outside
from harness.instance import wait_for
from harness.node import Node

ENGINES = ['postgres']  # SQLite is one node's


@pytest.fixture(scope='module')
def outside():
    if not Outside.available():
        pytest.skip('pebble-challtestsrv is not installed (Debian package pebble)')
    made = Outside()
    yield made
    made.stop()


@pytest.fixture(scope='module')
def nodes(make_instance, outside, tmp_path_factory):
    first = make_instance(settings=outside.settings)
    second = Node(first, str(tmp_path_factory.mktemp('second')))
    first.start()
    second.start()
    yield first, second
    second.stop()


@pytest.fixture(scope='module')
def world(nodes):
    return acme.World(nodes[0], challenges=['http-01'])


def at(node, client):
    """A copy of the client whose requests go to this node; its URLs stay those of the service."""
    other = object.__new__(acme.Client)
    other.__dict__.update(client.__dict__, http=node.anonymous(), next_nonce=None)
    return other


def of_both(nodes, client):
    return [at(node, client) for node in nodes]


def together(*calls):
    """All at once; their answers in order."""
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [f.result() for f in [pool.submit(call) for call in calls]]


def csr(name):
    return pki.csr([f'DNS:{name}'], form='DER')


def test_nonces_accounts_and_orders_are_of_both(nodes, world):
    here, there = of_both(nodes, world.account())
    there.next_nonce = here.nonce()  # issued by one, redeemed at the other
    made = there.new_order('both.example.org')
    here.next_nonce, there.next_nonce = there.next_nonce, None
    order = made.expect(201)
    assert here.post(made.header('Location')).expect(200)['status'] == 'ready'
    here.finalize(order, csr('both.example.org')).expect(200)
    order = there.settled(made.header('Location'))
    assert order['status'] == 'valid' and 'DNS:both.example.org' in pki.text(there.certificate(order)[0])


def test_a_change_is_not_replayed_at_the_other_node(nodes, world):
    here, there = of_both(nodes, world.account())
    url = here.directory['newOrder']
    body = acme.jws(here.header(url), {'identifiers': [{'type': 'dns', 'value': 'replay.example.org'}]}, here.key.sign)
    here.send(url, body).expect(201)
    for client in (there, here):
        acme.problem(client.send(url, body), 'badNonce', 400)


def test_two_nodes_finalise_an_order_once(nodes, world):
    here, there = of_both(nodes, world.account())
    for n in range(6):
        made = here.new_order(f'race{n}.example.org')
        order, name = made.expect(201), f'race{n}.example.org'
        answers = together(lambda: here.finalize(order, csr(name)), lambda: there.finalize(order, csr(name)))
        assert sorted(a.status for a in answers) == [200, 403], [a.body for a in answers]
        acme.problem(next(a for a in answers if a.status == 403), 'orderNotReady', 403)
        assert there.settled(made.header('Location'))['status'] == 'valid'
        assert len(list(world.admin.pages(f'/v1/certificates?name={name}'))) == 1


def test_a_key_for_one_account_binds_one(nodes, world):
    for _ in range(4):
        eab = world.eab(use_max=1)
        here, there = of_both(nodes, world.client())[0], of_both(nodes, world.client())[1]
        answers = together(lambda: here.new_account(eab), lambda: there.new_account(eab))
        assert sorted(a.status for a in answers) == [201, 403], [a.body for a in answers]
        acme.problem(next(a for a in answers if a.status == 403), 'unauthorized', 403, 'eab-used-up')


def test_limits_count_what_both_took(nodes):
    world = acme.World(nodes[0], account_order_limit=3)
    clients = of_both(nodes, world.account())
    for n in range(3):
        clients[n % 2].new_order(f'limit{n}.example.org').expect(201)
    for client in clients:
        answer = client.new_order('more.example.org')
        acme.problem(answer, 'rateLimited', 429, 'limit-account')
        assert int(answer.header('Retry-After')) > 3600


def test_rights_end_on_both(nodes, world):
    eab = world.eab()
    clients = of_both(nodes, world.account(eab))
    for client in clients:
        client.new_order('rights.example.org').expect(201)
    world.admin.post(f'/v1/acme-eab-keys/{eab["eab"]["id"]}/revoke').expect(200)
    for client in clients:
        acme.problem(client.new_order('rights.example.org'), 'unauthorized', 401, 'account-binding-revoked')


def test_approved_at_the_other_node(nodes):
    first, second = nodes
    world = acme.World(first, profiles=('server-tls',))
    here, there = of_both(nodes, world.account())
    made = here.new_order('approved.example.org')
    here.finalize(made.expect(201), csr('approved.example.org')).expect(200)
    waiting = next(world.admin.pages('/v1/requests?state=awaiting_approval'))
    approver = second.anonymous(token=first.people()['approver'].token)
    first.approve(waiting, client=approver)
    wait_for(lambda: here.post(made.header('Location')).expect(200)['status'] == 'valid', 'the order is valid')


# ---- validation ----

def challenges(client, world, outside, count, name):
    """Authorizations with their challenge answered in the world outside: (authorization URL, challenge)."""
    identifiers = [f'{name}{n}.example.org' for n in range(count)]
    order = client.new_order(*identifiers).expect(201)
    found = []
    for url in order['authorizations']:
        (challenge,) = client.post(url).expect(200)['challenges']
        outside.tell('add-http01', token=challenge['token'], content=f'{challenge["token"]}.{client.key.thumbprint}')
        found.append((url, challenge))
    return found


def looked_at(outside, host):
    """How often somebody came for the challenge of this host."""
    request = urllib.request.Request(f'{outside.management}/http-request-history', json.dumps({'host': host}).encode())
    with urllib.request.urlopen(request, timeout=5) as answer:
        return len([r for r in json.load(answer) or [] if '/.well-known/acme-challenge/' in r['URL']])


def settled(client, found):
    for url, _ in found:
        wait_for(lambda: client.post(url).expect(200)['status'] == 'valid', 'the authorization is valid', 60)


def proven_once(world, outside, found, name):
    auditor = world.instance.people()['auditor']
    for n, (url, _) in enumerate(found):
        entries = list(auditor.pages('/v1/audit/entries?object_id=' + url.rsplit('/', 1)[1]))
        assert [(e['action'], e['outcome']) for e in entries if e['action'] == 'system.acme.validate'] == [('system.acme.validate', 'done')]
        assert looked_at(outside, f'{name}{n}.example.org') == 1


def test_a_validation_is_done_by_one_node(nodes, world, outside):
    here, there = of_both(nodes, world.account(world.eab(validation='challenge')))
    found = challenges(here, world, outside, 8, 'once')
    for _, challenge in found:  # both are told to validate it, at the same time
        answers = together(lambda: here.post(challenge['url'], {}), lambda: there.post(challenge['url'], {}))
        assert [a.status for a in answers] == [200, 200], [a.body for a in answers]
    settled(there, found)
    proven_once(world, outside, found, 'once')


def test_what_a_dead_node_left_is_taken_by_one(nodes, world, outside, cluster):
    """Both nodes look for leases that ran out, every second; each validation is taken by one of them."""
    here, there = of_both(nodes, world.account(world.eab(validation='challenge')))
    found = challenges(here, world, outside, 8, 'left')
    cluster().query(nodes[0].database, "UPDATE acme_authorization SET state = 'processing', challenge = 'http-01', lease_until_us = 1 "
                                       "WHERE state = 'pending' AND value LIKE 'left%'")
    settled(there, found)
    proven_once(world, outside, found, 'left')
