"""Domain validation by the real outbound process in its sandbox, against pebble-challtestsrv and servers that cheat."""
import base64
import hashlib
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.request

import pytest

from harness import crooked, dns
from harness.crooked import redirect
from harness.instance import free_port, wait_for
from harness.outbound import KEY_AUTHORIZATION, TOKEN, ask, ask_one, caa_check, challenge

ENGINES = ['sqlite']  # outbound has no database

PATH = '/.well-known/acme-challenge/' + TOKEN
DIGEST = base64.urlsafe_b64encode(hashlib.sha256(KEY_AUTHORIZATION.encode()).digest()).decode().rstrip('=')


@pytest.fixture
def resolver():
    made = []

    def make(records=None, signer=None):
        made.append(dns.Server(records, signer))
        return made[-1]
    yield make
    for one in made:
        one.close()


@pytest.fixture
def web():
    made = []

    def make(host='127.0.0.1', port=0, family=socket.AF_INET):
        made.append(crooked.Server(host, port, family))
        return made[-1]
    yield make
    for one in made:
        one.close()


def near(server, **more):
    return {'validation_perspectives': f'near,resolver={server.resolver}', 'dns_trust_anchor': 'none',
            'outbound_allow_networks': '127.0.0.0/8', **more}


# pebble-challtestsrv: the world that ACME servers are tested against

@pytest.fixture(scope='module')
def world():
    program = shutil.which('pebble-challtestsrv')
    if not program:
        pytest.skip('pebble-challtestsrv is not installed (Debian package pebble)')
    ports = {name: free_port() for name in ('dns01', 'http01', 'https01', 'tlsalpn01', 'management')}
    process = subprocess.Popen([program, '-defaultIPv6', '', *(f'-{name}=127.0.0.1:{port}' for name, port in ports.items())],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def manage(action, **body):
        request = urllib.request.Request(f'http://127.0.0.1:{ports["management"]}/{action}', json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=5):
            pass

    def answers():
        try:
            manage('clear-txt', host='x.')
            return True
        except OSError:
            return False
    wait_for(answers, 'pebble-challtestsrv answers')
    manage.options = {'validation_perspectives': f'near,resolver=127.0.0.1@{ports["dns01"]}', 'dns_trust_anchor': 'none',
                      'outbound_allow_networks': '127.0.0.0/8', 'validation_http_port': ports['http01'],
                      'validation_https_port': ports['https01'], 'validation_tls_port': ports['tlsalpn01']}
    yield manage
    process.terminate()
    process.wait(10)


def test_every_challenge_against_challtestsrv(world):
    account = 'https://example.com/acme/acct/ExampleAccount'
    world('add-http01', token=TOKEN, content=KEY_AUTHORIZATION)
    world('set-txt', host='_acme-challenge.www.example.org.', value=DIGEST)
    # The example of draft-ietf-acme-dns-account-label.
    world('set-txt', host='_ujmmovf2vn55tgye._acme-challenge.www.example.org.', value=DIGEST)
    world('add-tlsalpn01', host='www.example.org', content=KEY_AUTHORIZATION)
    requests = [challenge('http-01', 'www.example.org'), challenge('dns-01', 'www.example.org'),
                challenge('dns-account-01', 'www.example.org', account_url=account),
                challenge('tls-alpn-01', 'www.example.org'), challenge('http-01', '127.0.0.1', ip=True)]
    for answer in ask(requests, **world.options):
        assert (answer['error'], answer['problem']) == ('ok', ''), answer
        assert answer['observations'][0]['perspective'] == 'near'


def test_a_redirect_to_https_is_followed_without_a_trusted_certificate(world):
    port = world.options['validation_https_port']
    world('add-redirect', path='/.well-known/acme-challenge/moved', targetURL=f'https://web.example.org:{port}/.well-known/acme-challenge/there')
    world('add-http01', token='there', content='moved.x')
    answer = ask_one(challenge('http-01', 'www.example.org', token='moved', key_authorization='moved.x'), **world.options)
    assert answer['problem'] == '', answer
    assert answer['observations'][0]['addresses'] == '127.0.0.1 127.0.0.1'


def test_wrong_answers_of_challtestsrv_are_named(world):
    world('add-tlsalpn01', host='other.example.org', content='another.key')
    world('set-txt', host='_acme-challenge.other.example.org.', value='wrong')
    world('add-http01', token='other', content='something else')
    requests = [challenge('http-01', 'www.example.org', token='other', key_authorization='other.x'),
                challenge('http-01', 'www.example.org', token='absent', key_authorization='absent.x'),
                challenge('dns-01', 'other.example.org'), challenge('tls-alpn-01', 'other.example.org'),
                challenge('tls-alpn-01', 'absent.example.org'),
                challenge('dns-account-01', 'other.example.org', account_url='https://ca.example/acct/1')]
    answers = ask(requests, **world.options)
    assert [a['problem'] for a in answers[:4]] == ['incorrectResponse'] * 4
    assert '"wrong"' in answers[2]['text']
    assert answers[4]['problem'] in ('tls', 'unauthorized', 'incorrectResponse')
    assert answers[5]['problem'] in ('dns', 'unauthorized')


# SSRF

LITERALS = ['127.0.0.1', '2130706433', '0x7f000001', '0x7f.0x0.0x0.0x1', '0177.0.0.1', '017700000001', '127.1', '127.0.1',
            '0', '::1', '[::1]', '::ffff:127.0.0.1', '169.254.169.254', '0xa9fea9fe', '10.0.0.1', '192.168.0.1', 'a.0x7f']


def test_no_spelling_of_an_address_is_a_name():
    for answer, literal in zip(ask([challenge('http-01', literal) for literal in LITERALS], dns_trust_anchor='none'), LITERALS):
        assert (answer['error'], answer['field'], answer['rule']) == ('parse', 'name', 'identifier'), literal


CLOSED = ['127.0.0.1', '10.0.0.1', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1',
          '255.255.255.255', '::1', '::', 'fe80::1', 'fc00::1', 'ff02::1', '::ffff:127.0.0.1', '::ffff:169.254.169.254',
          '64:ff9b::7f00:1', '64:ff9b:1::1', '2002:7f00:1::', '2001::1', 'fd00:ec2::254']


def test_closed_addresses_are_not_connected_to_as_identifiers(web):
    server = web()
    for answer, address in zip(ask([challenge('http-01', address, ip=True) for address in CLOSED], dns_trust_anchor='none',
                                   validation_http_port=server.port), CLOSED):
        assert answer.get('problem') == 'rejectedIdentifier', (address, answer)
        assert answer['observations'][0]['addresses'] == ''
    assert server.connections == 0


def test_names_that_lead_to_closed_addresses_are_refused(resolver, web):
    server, records = web(), {}
    for i, address in enumerate(CLOSED):
        records[(f'n{i}.example.org', dns.AAAA if ':' in address else dns.A)] = [dns.address(address)]
    options = near(resolver(records), validation_http_port=server.port, validation_tls_port=server.port,
                   outbound_allow_networks='')
    for kind in ('http-01', 'tls-alpn-01'):
        for answer, address in zip(ask([challenge(kind, f'n{i}.example.org', source=i) for i in range(len(CLOSED))], **options), CLOSED):
            assert answer['problem'] == 'rejectedIdentifier', (address, answer)
    assert server.connections == 0


def redirect_targets(port):
    return [f'http://{literal}:{port}/' for literal in LITERALS] + [
        f'http://127.0.0.1:{port}/', f'http://[::ffff:7f00:1]:{port}/', f'http://[64:ff9b::7f00:1]:{port}/',
        f'http://user:password@inner.example.org:{port}/', f'http://inner.example.org:{port}/', 'http://inner.example.org:22/',
        f'ftp://inner.example.org:{port}/', 'file:///etc/passwd', 'gopher://inner.example.org/', f'http://127.0.0.1:{port}@inner.example.org/',
        f'//127.0.0.1:{port}/', f'http:\\\\127.0.0.1:{port}\\', f'http://[fe80::1%25lo]:{port}/', 'http://', 'javascript:alert(1)',
        f'http://ⓛocalhost:{port}/', f'http://127。0。0。1:{port}/', f'http://%31%32%37.0.0.1:{port}/', 'http://' + 'a' * 2100 + '/']


def test_a_redirect_reaches_nothing_that_is_closed(resolver, web):
    """The front server is on an allowed address; what it redirects to listens on the same port of another one."""
    front = web('127.0.0.2')
    inner = web('127.0.0.1', front.port)
    targets = redirect_targets(front.port)
    records = {('front.example.org', dns.A): [dns.address('127.0.0.2')], ('inner.example.org', dns.A): [dns.address('127.0.0.1')]}
    requests = []
    for i, target in enumerate(targets):
        front.answers[f'/.well-known/acme-challenge/t{i}'] = redirect(target)
        requests.append(challenge('http-01', 'front.example.org', token=f't{i}', key_authorization=f't{i}.x', source=i))
    options = near(resolver(records), outbound_allow_networks='127.0.0.2/32', validation_http_port=front.port)
    for answer, target in zip(ask(requests, **options), targets):
        assert answer['problem'] in ('unauthorized', 'rejectedIdentifier'), (target, answer)
    assert inner.connections == 0


def test_an_address_is_resolved_once_and_pinned(resolver, web):
    """A resolver that gives the allowed address first and a closed one ever after."""
    front = web('127.0.0.2')
    inner = web('127.0.0.1', front.port)
    front.answers[PATH] = crooked.ok(KEY_AUTHORIZATION)
    given = []

    def rebind():
        given.append(1)
        return [dns.address('127.0.0.2' if len(given) == 1 else '127.0.0.1')]
    server = resolver({('front.example.org', dns.A): rebind})
    answer = ask_one(challenge('http-01', 'front.example.org'),
                     **near(server, outbound_allow_networks='127.0.0.2/32', validation_http_port=front.port))
    assert answer['problem'] == '', answer
    assert len(given) == 1 and inner.connections == 0


def test_fetches_keep_to_the_same_networks(web):
    server = web()
    server.answers['/'] = crooked.ok('hello')
    url = f'http://127.0.0.1:{server.port}/'
    refused = ask_one({'op': 'fetch', 'url': url, 'timeout_ms': 2000}, dns_trust_anchor='none')
    assert (refused['error'], refused['rule']) == ('policy', 'outbound-address')
    assert server.connections == 0
    assert ask_one({'op': 'fetch', 'url': url, 'timeout_ms': 2000}, dns_trust_anchor='none',
                   outbound_allow_networks='127.0.0.1/32')['error'] == 'ok'


# http-01

def test_http_answers_good_and_bad(resolver, web):
    server = web()
    cases = {'plain': (crooked.ok('plain.x'), ''), 'blanks': (crooked.ok('blanks.x \r\n\t\n'), ''),
             'chunked': (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nchunked.x\r\n0\r\n\r\n', ''),
             'relative': (redirect('/elsewhere'), ''), 'hundred': (b'HTTP/1.1 100 Continue\r\n\r\n' + crooked.ok('hundred.x'), ''),
             'leading': (crooked.ok(' leading.x'), 'incorrectResponse'), 'other': (crooked.ok('other.y'), 'incorrectResponse'),
             'empty': (crooked.ok(''), 'incorrectResponse'), 'more': (crooked.ok('more.x' + ' ' * 4000), 'incorrectResponse'),
             'gone': (b'HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n', 'unauthorized'),
             'created': (b'HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\ncreated.x', 'unauthorized'),
             'nowhere': (b'HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n', 'unauthorized'),
             'twice': (b'HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n', 'unauthorized'),
             'loop': (redirect('/.well-known/acme-challenge/loop'), 'connection'), 'old': (b'old.x', 'connection'),
             'nul': (crooked.ok(b'nul.x\0'), 'incorrectResponse'), 'headers': (crooked.flood_headers, 'unauthorized'),
             'body': (crooked.flood_body, 'incorrectResponse'), 'cut': (b'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut.x', 'connection'),
             'close': (b'', 'connection')}
    server.answers['/elsewhere'] = crooked.ok('relative.x')
    for token, (answer, _) in cases.items():
        server.answers['/.well-known/acme-challenge/' + token] = answer
    options = near(resolver({('a.example.org', dns.A): [dns.address('127.0.0.1')]}), validation_http_port=server.port)
    requests = [challenge('http-01', 'a.example.org', token=t, key_authorization=t + '.x', source=i) for i, t in enumerate(cases)]
    for answer, (token, (_, expected)) in zip(ask(requests, **options), cases.items()):
        assert answer.get('problem') == expected, (token, answer)
    path, head = server.seen[0]
    assert b'\r\nHost: a.example.org:%d\r\n' % server.port in head


def test_ten_redirects_are_followed_and_eleven_are_not(resolver, web):
    server = web()
    for i in range(1, 12):
        server.answers[f'/{i}'] = redirect(f'/{i - 1}')
    server.answers['/0'] = crooked.ok('ten.x')
    server.answers['/.well-known/acme-challenge/ten'] = redirect('/9')
    server.answers['/.well-known/acme-challenge/eleven'] = redirect('/10')
    options = near(resolver({('a.example.org', dns.A): [dns.address('127.0.0.1')]}), validation_http_port=server.port)
    ten, eleven = ask([challenge('http-01', 'a.example.org', token=t, key_authorization='%s.x' % t) for t in ('ten', 'eleven')], **options)
    assert ten['problem'] == '' and eleven['problem'] == 'connection' and 'redirects' in eleven['text']


def test_a_body_from_a_network_of_the_allow_list_is_not_quoted(resolver, web):
    server = web()
    server.answers[PATH] = crooked.ok('internal secret of the metadata service')
    answer = ask_one(challenge('http-01', 'a.example.org'),
                     **near(resolver({('a.example.org', dns.A): [dns.address('127.0.0.1')]}), validation_http_port=server.port))
    assert answer['problem'] == 'incorrectResponse' and 'secret' not in json.dumps(answer)


def test_ipv6_first_and_ipv4_when_it_fails(resolver, web):
    server = web()
    server.answers[PATH] = crooked.ok(KEY_AUTHORIZATION)
    options = near(resolver({('a.example.org', dns.A): [dns.address('127.0.0.1')], ('a.example.org', dns.AAAA): [dns.address('::1')]}),
                   outbound_allow_networks='127.0.0.0/8,::1/128', validation_http_port=server.port)
    answer = ask_one(challenge('http-01', 'a.example.org'), **options)
    assert answer['problem'] == '' and answer['observations'][0]['addresses'] == '::1 127.0.0.1'


def test_slow_hosts_end_in_time_and_hold_up_nobody(resolver, web):
    slow = web()
    slow_path = '/.well-known/acme-challenge/slow'
    slow.answers[slow_path] = crooked.drip
    other = web('127.0.0.2', slow.port)
    other.answers[PATH] = crooked.ok(KEY_AUTHORIZATION)
    server = resolver({('slow.example.org', dns.A): [dns.address('127.0.0.1')], ('quick.example.org', dns.A): [dns.address('127.0.0.2')]})
    server.silent.add('silent.example.org')
    slow_ones = [challenge('http-01', 'slow.example.org', token='slow', key_authorization='slow.x', timeout_ms=3000, source=1)] * 14
    silent = [challenge('dns-01', 'silent.example.org', timeout_ms=3000, source=2)] * 2
    server.silent.add('_acme-challenge.silent.example.org')
    start = time.monotonic()
    answers = ask(slow_ones + silent + [challenge('http-01', 'quick.example.org', source=3), {'op': 'ping'}],
                  **near(server, validation_http_port=slow.port))
    assert time.monotonic() - start < 8
    outcomes = [a['error'] if a['error'] != 'ok' else a['problem'] for a in answers[:14]]
    assert sorted(outcomes) == ['busy'] * 2 + ['connection'] * 12  # one source has its share
    assert [a['problem'] for a in answers[14:16]] == ['dns', 'dns'] and 'timed out' in answers[14]['text']
    assert answers[16]['problem'] == '' and answers[16]['observations'][0]['elapsed_ms'] < 2500
    assert answers[17]['error'] == 'ok'


# dns-01 and CAA

def test_txt_by_alias_among_others_and_split(resolver):
    long_digest = [dns.txt('other'), bytes([20]) + DIGEST[:20].encode() + bytes([len(DIGEST) - 20]) + DIGEST[20:].encode()]
    server = resolver({('_acme-challenge.a.example.org', dns.CNAME): 'challenges.example.net', ('challenges.example.net', dns.TXT): long_digest,
                       ('_acme-challenge.b.example.org', dns.TXT): [dns.txt(DIGEST + ' ')], ('_acme-challenge.c.example.org', dns.A): [b'\1\1\1\1'],
                       ('_acme-challenge.e.example.org', dns.TXT): [dns.txt(f'{i:050}') for i in range(90)] + [dns.txt(DIGEST)],
                       ('_acme-challenge.f.example.org', dns.TXT): [dns.txt(f'{i}') for i in range(120)]})
    server.rcode['_acme-challenge.g.example.org'] = 2
    names = 'abcdefg'
    answers = ask([challenge('dns-01', f'{n}.example.org') for n in names], **near(server))
    assert [a['problem'] for a in answers] == ['', 'incorrectResponse', 'unauthorized', 'dns', '', 'dns', 'dns'], answers


CAA_CASES = [  # name, what is asked beside it, problem
    ('none.example', {}, ''), ('issue.example', {}, ''), ('www.deep.issue.example', {}, ''), ('other.example', {}, 'caa'),
    ('nobody.example', {}, 'caa'), ('iodef.example', {}, ''), ('www.issue.example', {'wildcard': True}, ''),
    ('wild.example', {}, ''), ('wild.example', {'wildcard': True}, 'caa'), ('onlywild.example', {}, ''),
    ('critical.example', {}, 'caa'), ('critical-known.example', {}, ''), ('malformed.example', {}, 'caa'),
    ('account.example', {}, 'caa'), ('account.example', {'account_uri': 'https://ca.example/acct/1'}, ''),
    ('account.example', {'account_uri': 'https://ca.example/acct/2'}, 'caa'),
    ('method.example', {'method': 'dns-01'}, ''), ('method.example', {'method': 'http-01'}, 'caa'), ('method.example', {}, 'caa'),
    ('onlywild.example', {'wildcard': True}, 'caa'), ('iodef.example', {'wildcard': True}, ''),
    ('percent.example', {}, 'caa'), ('percent.example', {'wildcard': True}, 'caa'), ('additive.example', {}, ''), ('reserved.example', {}, ''),
    ('near.other.example', {}, ''), ('alias.example', {}, 'caa'), ('broken.example', {}, 'dns'), ('a.broken.example', {}, 'dns')]


def test_caa(resolver):
    records = {
        'issue.example': [dns.caa('issue', 'CA.example')], 'other.example': [dns.caa('issue', 'other.example; a=b')],
        'nobody.example': [dns.caa('issue', ';')], 'iodef.example': [dns.caa('iodef', 'mailto:a@b.example')],
        'wild.example': [dns.caa('issue', 'ca.example'), dns.caa('issuewild', ';')], 'onlywild.example': [dns.caa('issuewild', 'other.example')],
        'critical.example': [dns.caa('issue', 'ca.example'), dns.caa('future', 'x', 128)],
        'critical-known.example': [dns.caa('issue', 'ca.example', 128), dns.caa('future', 'x')],
        'malformed.example': [dns.caa('issue', 'ca.example'), b'\0\377x'],
        'account.example': [dns.caa('issue', 'ca.example; accounturi=https://ca.example/acct/1')],
        'method.example': [dns.caa('issue', 'ca.example; validationmethods=tls-alpn-01,dns-01')],
        'percent.example': [dns.caa('issue', '%%%%%')], 'additive.example': [dns.caa('issue', ';'), dns.caa('issue', 'ca.example')],
        'reserved.example': [dns.caa('issue', 'ca.example', 127), dns.caa('future', 'x', 127)],
        'near.other.example': [dns.caa('ISSUE', 'ca.example')]}
    server = resolver({(name, dns.CAA): rdata for name, rdata in records.items()})
    server.records[('alias.example', dns.CNAME)] = 'other.example'
    server.rcode['broken.example'] = 2
    answers = ask([caa_check(name, source=i, **more) for i, (name, more, _) in enumerate(CAA_CASES)], **near(server))
    for answer, (name, more, expected) in zip(answers, CAA_CASES):
        assert answer.get('problem') == expected, (name, more, answer)


# DNSSEC

def test_dnssec_proves_or_refuses(resolver, tmp_path):
    signer = dns.Signer('signed.test')
    anchor = tmp_path / 'anchor'
    anchor.write_text(signer.anchor())
    server = resolver({('_acme-challenge.signed.test', dns.TXT): [dns.txt(DIGEST)]}, signer)
    good = ask_one(challenge('dns-01', 'signed.test'), **near(server, dns_trust_anchor=anchor))
    assert good['problem'] == '' and good['observations'][0]['secure'] is True, good
    unchecked = ask_one(challenge('dns-01', 'signed.test'), **near(server))
    assert unchecked['problem'] == '' and unchecked['observations'][0]['secure'] is False
    server.spoil = True
    bad = ask_one(challenge('dns-01', 'signed.test'), **near(server, dns_trust_anchor=anchor))
    assert bad['problem'] == 'dns' and 'DNSSEC' in bad['text'], bad
    server.signer = None  # stripped
    bare = ask_one(challenge('dns-01', 'signed.test'), **near(server, dns_trust_anchor=anchor))
    assert bare['problem'] == 'dns' and 'DNSSEC' in bare['text'], bare


def test_unsigned_answers_fail_under_the_root_anchor(resolver):
    server = resolver({('_acme-challenge.a.example.org', dns.TXT): [dns.txt(DIGEST)]})
    options = near(server)
    del options['dns_trust_anchor']
    answer = ask_one(challenge('dns-01', 'a.example.org'), **options)
    assert answer['problem'] == 'dns' and 'DNSSEC' in answer['text'], answer
    assert ask_one(challenge('dns-01', 'a.example.org'), **options, dns_insecure_zones='example.org')['problem'] == ''


# perspectives

def test_perspectives_and_quorum(resolver):
    truth = resolver({('_acme-challenge.a.example.org', dns.TXT): [dns.txt(DIGEST)]})
    lie = resolver({('_acme-challenge.a.example.org', dns.TXT): [dns.txt('hijacked')]})

    def verdict(*servers, **more):
        text = '|'.join(f'p{i},resolver={s.resolver}' for i, s in enumerate(servers))
        return ask_one(challenge('dns-01', 'a.example.org'), validation_perspectives=text, dns_trust_anchor='none', **more)
    assert verdict(truth, truth, truth)['problem'] == ''
    split = verdict(truth, lie, truth)
    assert split['problem'] == 'incorrectResponse' and '2 of 3 perspectives agree; p1:' in split['text'], split
    assert [o['problem'] for o in split['observations']] == ['', 'incorrectResponse', '']
    assert verdict(truth, lie, truth, validation_quorum=2)['problem'] == ''
    assert verdict(lie, truth, truth, validation_quorum=2)['problem'] == 'incorrectResponse'  # the first must agree
    assert verdict(truth, lie, lie, validation_quorum=2)['problem'] == 'incorrectResponse'


def test_a_perspective_connects_from_its_own_address(resolver, web):
    server, peers = web(), []
    server.answers[PATH] = lambda peer: (peers.append(peer.getpeername()[0]), peer.sendall(crooked.ok(KEY_AUTHORIZATION)))
    names = resolver({('a.example.org', dns.A): [dns.address('127.0.0.1')]})
    answer = ask_one(challenge('http-01', 'a.example.org'), validation_http_port=server.port, dns_trust_anchor='none',
                     outbound_allow_networks='127.0.0.0/8', validation_perspectives=f'far,resolver={names.resolver},source=127.0.0.9')
    assert answer['problem'] == '' and peers == ['127.0.0.9'], (answer, peers)


# tls-alpn-01

def make_certificate(folder, subject_alt_name, digest, critical='critical,', issuer=None, count=1):
    """A certificate as an ALPN responder would make it, by openssl."""
    config = folder / f'{subject_alt_name.replace(":", "_").replace(",", "_")}{critical}{bool(issuer)}{count}.cnf'
    extensions = [f'subjectAltName={subject_alt_name}']
    if count:
        extensions.append(f'1.3.6.1.5.5.7.1.31={critical}DER:0420{digest}')
    config.write_text('[req]\ndistinguished_name=dn\n[dn]\n[ext]\n' + '\n'.join(extensions) + '\n')
    key, cert = f'{config}.key', f'{config}.crt'
    command = ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-subj', '/CN=x',
               '-config', str(config), '-extensions', 'ext', '-keyout', key, '-out', cert]
    if issuer:
        command += ['-CA', issuer[1], '-CAkey', issuer[0]]
    subprocess.run(command, check=True, capture_output=True)
    return key, cert


class Responder:
    """openssl s_server on loopback."""

    def __init__(self, key_and_cert, *options, alpn='acme-tls/1'):
        self.port = free_port()
        self.process = subprocess.Popen(['openssl', 's_server', '-accept', f'127.0.0.1:{self.port}', '-key', key_and_cert[0], '-cert',
                                         key_and_cert[1], '-quiet', *(['-alpn', alpn] if alpn else []), *options],
                                        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.listens, 's_server listens')

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(('127.0.0.1', self.port)) == 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)


def test_tls_alpn_certificates(resolver, tmp_path):
    server = resolver({('a.example.org', dns.A): [dns.address('127.0.0.1')]})
    digest = hashlib.sha256(KEY_AUTHORIZATION.encode()).hexdigest()
    good = make_certificate(tmp_path, 'DNS:A.example.ORG', digest)
    issued = make_certificate(tmp_path, 'DNS:a.example.org', digest, issuer=good)
    cases = [(good, {}, ''), (issued, {}, 'unauthorized'), (good, {'alpn': None}, 'unauthorized'), (good, {'alpn': 'h2'}, None),
             (make_certificate(tmp_path, 'DNS:b.example.org', digest), {}, 'unauthorized'),
             (make_certificate(tmp_path, 'DNS:a.example.org,DNS:b.example.org', digest), {}, 'unauthorized'),
             (make_certificate(tmp_path, 'DNS:a.example.org', digest, critical=''), {}, 'unauthorized'),
             (make_certificate(tmp_path, 'DNS:a.example.org', digest, count=0), {}, 'unauthorized'),
             (make_certificate(tmp_path, 'DNS:a.example.org', '00' * 32), {}, 'incorrectResponse')]
    for key_and_cert, more, expected in cases:
        with Responder(key_and_cert, **more) as responder:
            answer = ask_one(challenge('tls-alpn-01', 'a.example.org'), **near(server, validation_tls_port=responder.port))
        assert answer['problem'] == expected if expected is not None else answer['problem'] in ('tls', 'unauthorized'), (key_and_cert, answer)


def serve_tls(key_and_cert, names, newest=ssl.TLSVersion.TLSv1_3):
    """One handshake with ALPN; the server name that was asked for goes into names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers('ALL:@SECLEVEL=0')
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
    context.load_cert_chain(key_and_cert[1], key_and_cert[0])
    context.set_alpn_protocols(['acme-tls/1'])
    context.sni_callback = lambda _, name, __: names.append(name)
    listener = socket.create_server(('127.0.0.1', 0))

    def shake():
        with listener, listener.accept()[0] as peer:
            try:
                context.wrap_socket(peer, server_side=True).close()
            except OSError:
                pass
    threading.Thread(target=shake, daemon=True).start()
    return listener.getsockname()[1]


def test_tls_alpn_over_old_tls_proves_nothing(resolver, tmp_path):
    """RFC 8737 §4: TLS 1.2 or later."""
    digest = hashlib.sha256(KEY_AUTHORIZATION.encode()).hexdigest()
    names = resolver({('a.example.org', dns.A): [dns.address('127.0.0.1')]})
    for version, expected in ((ssl.TLSVersion.TLSv1_1, 'tls'), (ssl.TLSVersion.TLSv1_2, '')):
        port = serve_tls(make_certificate(tmp_path, 'DNS:a.example.org', digest), [], version)
        assert ask_one(challenge('tls-alpn-01', 'a.example.org'), **near(names, validation_tls_port=port))['problem'] == expected, version


def test_tls_alpn_for_an_address(tmp_path):
    """RFC 8738 §6: the SNI is the reverse name, the certificate holds an iPAddress."""
    digest = hashlib.sha256(KEY_AUTHORIZATION.encode()).hexdigest()
    for name, expected in (('IP:127.0.0.1', ''), ('DNS:127.0.0.1', 'unauthorized'), ('IP:127.0.0.2', 'unauthorized')):
        names = []
        port = serve_tls(make_certificate(tmp_path, name, digest), names)
        answer = ask_one(challenge('tls-alpn-01', '127.0.0.1', ip=True), validation_tls_port=port, dns_trust_anchor='none',
                         outbound_allow_networks='127.0.0.0/8')
        assert answer['problem'] == expected, (name, answer)
        assert names == ['1.0.0.127.in-addr.arpa']


def test_http_for_an_address(web):
    """RFC 8738 §5: nothing is resolved, and Host is the address."""
    for address, host, family in (('127.0.0.1', b'127.0.0.1', socket.AF_INET), ('::1', b'[::1]', socket.AF_INET6)):
        server = web(address, family=family)
        server.answers[PATH] = crooked.ok(KEY_AUTHORIZATION)
        answer = ask_one(challenge('http-01', address, ip=True), validation_http_port=server.port, dns_trust_anchor='none',
                         outbound_allow_networks='127.0.0.0/8,::1/128')
        assert answer['problem'] == '', (address, answer)
        assert b'\r\nHost: %b:%d\r\n' % (host, server.port) in server.seen[-1][1]


def test_a_silent_tls_server_ends_in_time(resolver, web):
    server = web()
    names = resolver({('a.example.org', dns.A): [dns.address('127.0.0.1')]})
    start = time.monotonic()
    answer = ask_one(challenge('tls-alpn-01', 'a.example.org', timeout_ms=700), **near(names, validation_tls_port=server.port))
    assert answer['problem'] == 'connection' and time.monotonic() - start < 4
