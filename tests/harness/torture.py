"""kill -9 of each process at a random moment under load, again and again; then journal = database = log. tests/torture/test_steps.py
kills at each named step instead (src/base/fault.h).

Each round kills one role (or the supervisor with everything below it, or PostgreSQL) and waits until the platform issues again.
A load of requesters and approvers runs throughout and remembers every answer that acknowledged something. check() compares
these memories with the instance, the instance with the journal, and both with the verified log."""
import hashlib
import os
import random
import threading
import time

from harness import journal, pki, status
from harness.instance import wait_for

VICTIMS = ('core', 'keys', 'gate', 'outbound', 'supervisor')  # and the database, where it is a process
OFTEN = ('core', 'keys')  # after every victim had its turn, these die twice as often as the others


CRL_LIMIT_S = 25  # whoever died while publishing holds the shard for PUBLISH_LEASE_S


class Load:
    """Threads that ask, approve, collect and sometimes revoke until told to stop. collect: the share of requests whose key the
    server makes."""

    def __init__(self, instance, threads=2, collect=0.2, people=None):
        self.instance, self.stop_now, self.collect = instance, threading.Event(), collect
        self.acknowledged, self.revoked, self.refused, self.surprises = {}, set(), 0, []
        self.csrs = [pki.csr([f'DNS:torture{i}.example.org']) for i in range(16)]
        self.people = people or [(instance.user('requester'), instance.user('approver'), instance.user('operator'))
                                 for _ in range(threads)]
        self.threads = [threading.Thread(target=self.work, args=(i, p), daemon=True) for i, p in enumerate(self.people)]
        self.profile = instance.profile('server-tls')['name']
        for thread in self.threads:
            thread.start()

    def work(self, seed, people):
        source = random.Random(seed)
        while not self.stop_now.is_set():
            try:
                self.one(source, *people)
            except (OSError, AssertionError) as error:
                if isinstance(error, AssertionError):
                    self.surprises.append(str(error)[:300])
                self.refused += 1
                for person in people:
                    person.close()
                time.sleep(0.05)
            except Exception as error:  # a torn answer is what kill -9 of the gate looks like from outside
                self.refused += 1
                if 'IncompleteRead' not in repr(error) and 'BadStatusLine' not in repr(error):
                    self.surprises.append(repr(error)[:300])
                for person in people:
                    person.close()

    def one(self, source, requester, approver, operator):
        def call(client, path, document, good):
            answer = client.post(path, document)
            if answer.status in (502, 503, 504):
                raise OSError(f'{answer.status}')
            if answer.status not in good:
                raise AssertionError(f'{path}: {answer.status} {answer.body[:200]!r}')
            return answer.json()
        made = source.random() < self.collect
        key = {'server_key': {'key_type': 'p256'}, 'names': [{'kind': 'dns', 'value': 'made.example.org'}]} if made else \
            {'csr': source.choice(self.csrs)}
        request = call(requester, '/v1/requests', {'certificate_profile': self.profile, **key}, (201,))
        if request['state'] == 'awaiting_approval':
            request = call(approver, f'/v1/requests/{request["id"]}/approve', {'comment': 'x'}, (200, 409))
        if request.get('state') == 'awaiting_collection':
            collected = call(requester, f'/v1/requests/{request["id"]}/collect', {'password': 'correct horse battery'}, (200,))
            request = {**request, 'state': 'done', 'certificate_id': collected['certificate_id']}
        if request.get('state') != 'done':
            return
        view = requester.get('/v1/certificates/' + request['certificate_id'])
        if view.status != 200:
            raise OSError(str(view.status))
        self.acknowledged[request['certificate_id']] = view.json()['sha256']
        if source.random() < 0.2:
            call(operator, f'/v1/certificates/{request["certificate_id"]}/revoke', {'reason': 'superseded'}, (200,))
            self.revoked.add(request['certificate_id'])

    def stop(self):
        self.stop_now.set()
        for thread in self.threads:
            thread.join(60)


def kill(instance, victim, cluster=None):
    if victim == 'supervisor':
        instance.kill_all()
        instance.start()
    elif victim == 'database':
        cluster.stop(immediate=True)
        time.sleep(0.2)
        cluster.start()
    else:
        instance.kill(victim)


def recovered(instance):
    def works():
        try:
            return instance.issue(['recovered.example.org'])['status'] == 'active'
        except (AssertionError, OSError, KeyError, ValueError):
            instance.admin.close()
            for person in instance.people().values():
                person.close()
            return False
    wait_for(works, 'the platform issues again', 45, 0.2)


def half_issued(instance):
    """In one walk over all requests: asked state by state, one that a recovery moves from issuing to approved and back would be in
    neither answer."""
    return [r for r in instance.admin.pages('/v1/requests?limit=500') if r['state'] in ('approved', 'issuing')]


def check(instance, load, tmp_path):
    """The invariants; returns a count of what was compared."""
    instance.admin.close()
    wait_for(lambda: not half_issued(instance), 'no request is half-issued', 60, 0.2)
    certificates = {c['id']: c for c in instance.admin.pages('/v1/certificates?limit=500')}
    for ident, digest in load.acknowledged.items():
        assert ident in certificates, f'acknowledged certificate {ident} is lost'
        assert certificates[ident]['sha256'] == digest
    for ident in load.revoked:
        assert certificates[ident]['status'] == 'revoked', f'acknowledged revocation of {ident} is lost'
    serials = [c['serial'] for c in certificates.values()]
    assert len(serials) == len(set(serials))
    requests = [c['request_id'] for c in certificates.values() if 'request_id' in c]
    twice = {r for r in requests if requests.count(r) > 1}
    assert not twice, f'one request, two certificates: {twice}'

    # Two writers, two journals: the online process's, and that of the ceremonies (CAs, the gate's certificate).
    books = [journal.summary(os.path.join(instance.data, 'keys', name)) for name in ('journal', 'journal-ceremony')]
    book = books[0]
    cas = {i['sha256'] for i in instance.admin.pages('/v1/issuers')}
    signed = {digest for one in books for digest in one['signed'].values()} - cas
    stored = {c['sha256'] for c in certificates.values()} - cas
    assert stored <= signed, 'a certificate without a record of its signature'
    lost = {intent.hex(): digest for one in books for intent, digest in one['signed'].items() if digest in signed - stored}
    assert not lost, f'signatures in the journal but not in the database: {lost}; waiting: {half_issued(instance)}'
    for numbers in book['crl'].values():
        assert numbers == sorted(set(numbers)), 'a CRL number went back or was used twice'

    time.sleep(1.2)
    export = instance.people()['auditor'].get('/v1/audit/export')
    assert export.status == 200, export.body[:300]
    path = os.path.join(str(tmp_path), 'torture.ndjson')
    with open(path, 'wb') as f:
        f.write(export.body)
    instance.cli('audit', 'verify', path, limit_s=120).expect(0)
    text = open(path, 'rb').read()
    for ident in certificates:
        assert ident.encode() in text, f'no log entry names {ident}'
    instance.cli('doctor', '--data', instance.data, limit_s=120).expect(0)
    one = next(iter(load.revoked), None)
    if one:
        pem = instance.admin.get('/v1/certificates/' + one).expect(200)['pem']
        wait_for(lambda: status.ocsp(instance, tmp_path, pem) == 'revoked', 'OCSP knows it')
        wait_for(lambda: int(certificates[one]['serial'], 16) in status.crl_serials(instance, tmp_path, pem), 'the CRL knows it',
                 CRL_LIMIT_S)
    return {'certificates': len(certificates), 'acknowledged': len(load.acknowledged), 'revoked': len(load.revoked),
            'signed': len(signed), 'refused': load.refused, 'digest': hashlib.sha256(text).hexdigest()[:16]}


def run(instance, rounds, seed, tmp_path, cluster=None, report=print, check_every=25):
    source = random.Random(seed)
    victims = list(VICTIMS) + (['database'] if cluster else [])
    instance.people()
    load = Load(instance)
    try:
        for number in range(1, rounds + 1):
            time.sleep(source.uniform(0.02, 0.6))
            victim = victims[number - 1] if number <= len(victims) else source.choice(victims + list(OFTEN))
            kill(instance, victim, cluster)
            recovered(instance)
            report(f'round {number}/{rounds}: killed {victim}; {len(load.acknowledged)} certificates so far')
            if number % check_every == 0 and number < rounds:
                load.stop()
                report(str(check(instance, load, tmp_path)))
                before = load
                load = Load(instance)
                load.acknowledged.update(before.acknowledged)
                load.revoked |= before.revoked
                assert not before.surprises, before.surprises[:5]
    finally:
        load.stop()
    result = check(instance, load, tmp_path)
    assert not load.surprises, load.surprises[:5]
    assert result['acknowledged'] > 0, 'the load got nothing done'
    return result
