"""ACME under faults that the server makes on purpose (src/base/fault.h), as Pebble does: nonces that are refused although they are good,
validations that take their time, rights that go while a request is on its way. Needs a build with -Dfaults=true."""
import threading
import time

import pytest

from harness import acme, pki
from harness.challtestsrv import World as Outside


@pytest.fixture(scope='module')
def outside():
    if not Outside.available():
        pytest.skip('pebble-challtestsrv is not installed (Debian package pebble)')
    made = Outside()
    yield made
    made.stop()


def is_bad_nonce(answer):
    return answer.status == 400 and answer.json()['type'].endswith(':badNonce')


class Patient(acme.Client):
    """Sends a refused request again with the nonce of the refusal, as RFC 8555 §6.5 tells clients to."""
    refused = 0

    def post(self, url, payload=None, key=None, **header):
        answer = super().post(url, payload, key, **header)
        while is_bad_nonce(answer):
            self.refused += 1
            answer = super().post(url, payload, key, **header)
        return answer

    def by_key(self, url, payload, key):
        answer = super().by_key(url, payload, key)
        while is_bad_nonce(answer):
            self.refused += 1
            answer = super().by_key(url, payload, key)
        return answer


def test_good_nonces_that_are_refused(make_instance):
    world = acme.World(make_instance().start(faults={'every': 'acme-nonce:3'}))
    client = Patient(world.http, world.url)
    client.new_account(world.eab()).expect(201)
    for n in range(4):
        order, _ = client.order(f'again{n}.example.org')
        assert order['status'] == 'valid'
        assert f'DNS:again{n}.example.org' in pki.text(client.certificate(order)[0])
    assert client.refused >= 5  # a third of at least seventeen
    assert len(client.post(client.kid + '/orders').expect(200)['orders']) == 4  # nothing was done twice


def test_a_validation_that_takes_its_time(make_instance, outside):
    world = acme.World(make_instance(settings=outside.settings).start(faults={'delay': 'acme-validate:3000'}))
    account = world.account(world.eab(validation='challenge'))
    made = account.new_order('slow.example.org')
    order = made.expect(201)
    challenge = next(c for c in account.post(order['authorizations'][0]).expect(200)['challenges'] if c['type'] == 'http-01')
    outside.tell('add-http01', token=challenge['token'], content=f'{challenge["token"]}.{account.key.thumbprint}')
    began = time.monotonic()
    answer = account.post(challenge['url'], {})
    assert answer.expect(200)['status'] == 'processing' and int(answer.header('Retry-After')) > 0
    authorization = account.post(order['authorizations'][0])
    assert authorization.expect(200)['status'] == 'pending'
    acme.problem(account.finalize(order, pki.csr(['DNS:slow.example.org'], form='DER')), 'orderNotReady', 403)
    while account.post(made.header('Location')).expect(200)['status'] == 'pending':
        assert time.monotonic() < began + 60
        time.sleep(0.1)
    assert time.monotonic() >= began + 3
    account.finalize(order, pki.csr(['DNS:slow.example.org'], form='DER')).expect(200)
    assert account.settled(made.header('Location'))['status'] == 'valid'


def test_a_right_that_goes_while_the_request_is_on_its_way(make_instance):
    """api_commit finds newer bindings than those that the request was judged by, and judges it again."""
    instance = make_instance().start(faults={'delay': 'acme-commit:4000'})
    world = acme.World(instance)
    person = instance.user('requester')
    account = world.account(world.eab(person))
    answers = []
    order = threading.Thread(target=lambda: answers.append(account.new_order('gone.example.org')))
    order.start()
    time.sleep(1)  # the order has been judged by then; if not, it is refused all the same
    for binding in world.admin.pages('/v1/bindings'):
        if binding.get('user_id') == person.user_id:
            world.admin.post(f'/v1/bindings/{binding["id"]}/end').expect(200)
    order.join(60)
    acme.problem(answers[0], 'unauthorized', 403, 'permission-missing')
    denied = list(instance.people()['auditor'].pages('/v1/audit/entries?object_id=' + account.kid.rsplit('/', 1)[1]))
    assert ('acme.order.create', 'denied') in [(e['action'], e['outcome']) for e in denied]
