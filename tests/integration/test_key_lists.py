"""An operator's lists of compromised keys count at once, without a restart; a bad file is refused as a whole."""
import hashlib
import json
import os

from harness import pki


def lists(instance, *arguments, **options):
    return instance.cli('key-list', *arguments, '--data', instance.data, **options)


def spki_digest(key):
    return hashlib.sha256(pki.openssl('pkey', '-pubout', '-outform', 'DER', stdin=key.encode()).stdout).hexdigest()


def test_a_list_counts_at_once_and_no_longer_than_it_is_there(instance, tmp_path):
    listed, other = pki.key('p256', fresh=True), pki.key('p256', fresh=True)
    client = instance.enroll_admin()

    def ask(key):
        return client.post('/v1/requests', {'certificate_profile': 'server-tls-auto',
                                            'csr': pki.csr(['DNS:www.example.org'], private_key=key)})
    assert ask(listed).status == 201
    names = tmp_path / 'found.txt'
    names.write_text(f'# reported by a customer\n\n{spki_digest(listed)} found in a public archive\n{"0" * 64}\n{"0" * 64}\n')
    assert lists(instance, 'add', names, '--name', 'found', '--json').expect(0).json() == {'name': 'found', 'keys': 2}
    refused = ask(listed)
    assert (refused.status, refused.json()['rule']) == (422, 'key-compromised'), refused.json()
    assert ask(other).status == 201
    # A second list, of everything: both are in force.
    names.write_text(spki_digest(other).upper() + '\n')
    lists(instance, 'add', names, '--name', 'more').expect(0)
    assert [ask(key).status for key in (listed, other)] == [422, 422]
    held = lists(instance, 'list', '--json').expect(0).json()['items']
    assert sorted((i['name'], i['keys'], i['state']) for i in held) == [('found', 2, 'read'), ('more', 1, 'read')]
    # A list of the same name takes the other's place.
    names.write_text('f' * 64 + '\n')
    lists(instance, 'add', names, '--name', 'more').expect(0)
    assert [ask(key).status for key in (listed, other)] == [422, 201]
    for name in ('found', 'more'):
        lists(instance, 'remove', name).expect(0)
    assert ask(listed).status == 201
    assert lists(instance, 'remove', 'found').status == 69
    # All of it is in the log, with the digest of the file that was put there.
    said = [(e['action'], json.loads(e['details']) if isinstance(e['details'], str) else e['details'])
            for e in reversed(list(client.pages('/v1/audit/entries'))) if 'key-list' in e['action']]
    assert [(action, d['name']) for action, d in said] == [('system.key-list.add', name) for name in ('found', 'more', 'more')] + [
        ('system.key-list.remove', name) for name in ('found', 'more')]
    assert said[0][1]['keys'] == '2' and said[2][1]['sha256'] == hashlib.sha256(b'CXKEYS1\n' + b'\xff' * 32).hexdigest()


def test_a_bad_file_is_refused_whole_with_line_and_reason(instance, tmp_path):
    good, bad = tmp_path / 'good.txt', tmp_path / 'bad.txt'
    good.write_text('a' * 64 + '\n')
    lists(instance, 'add', good, '--name', 'kept').expect(0)
    held = os.path.join(instance.data, 'key-lists', 'kept.keys')
    with open(held, 'rb') as f:
        before = f.read()
    for text, line, reason in ((f'{"b" * 64}\n{"c" * 63}\n', 2, '64 hexadecimal digits'),
                               ('# x\n\nhello\n', 3, 'no hexadecimal digit'), ('b' * 64 + ':c\n', 1, 'other than a space'),
                               ('b' * 64 + '\n# \0\n', 2, 'octet 0'), ('#' * 2000, 1, 'longer than 1024')):
        bad.write_text(text)
        done = lists(instance, 'add', bad, '--name', 'kept')
        assert done.status == 65 and f'Line {line}: ' in done.err and reason in done.err, done.err
    bad.write_text('# nothing\n')
    done = lists(instance, 'add', bad, '--name', 'kept')
    assert done.status == 65 and 'key-list-empty' in done.err
    for name in ('', 'Up', '../x', '-x', 'x' * 65):
        assert lists(instance, 'add', good, '--name=' + name).status == 64
    with open(held, 'rb') as f:
        assert f.read() == before
    lists(instance, 'remove', 'kept').expect(0)


def test_a_damaged_list_stops_issuing_and_is_named(make_instance, tmp_path):
    """Nobody can say which keys it held: so nothing is certified until it is repaired or removed."""
    instance = make_instance().start()
    client = instance.enroll_admin()
    good = tmp_path / 'good.txt'
    good.write_text('a' * 64 + '\n')
    lists(instance, 'add', good, '--name', 'good').expect(0)
    with open(os.path.join(instance.data, 'key-lists', 'bad.keys'), 'wb') as f:
        f.write(b'CXKEYS1\nhalf')
    body = {'certificate_profile': 'server-tls-auto', 'csr': pki.csr(['DNS:www.example.org'])}
    refused = client.post('/v1/requests', body)
    assert (refused.status, refused.json()['rule']) == (503, 'key-list-unreadable'), refused.json()
    items = {i['name']: i['state'] for i in lists(instance, 'list', '--json').expect(0).json()['items']}
    assert items == {'good': 'read', 'bad': 'unreadable'}
    found = [i for i in instance.cli('doctor', '--data', instance.data, '--json').json()['items'] if i['check'] == 'key-lists']
    assert [i['verdict'] for i in found] == ['fail'] and 'bad.keys' in found[0]['text']
    lists(instance, 'remove', 'bad').expect(0)
    assert client.post('/v1/requests', body).status == 201
    found = [i for i in instance.cli('doctor', '--data', instance.data, '--json').json()['items'] if i['check'] == 'key-lists']
    assert [i['verdict'] for i in found] == ['ok']
