"""The log: an entry for every change, a checkpoint at least every second, and an offline verification that finds an edited, a
deleted, a reordered and a cut-off entry."""
import base64
import json
import os
import pathlib
import tempfile
import time

import pytest

from harness import pki
from harness.instance import wait_for


@pytest.fixture(scope='module')
def export(instance, tmp_path_factory):
    """A verified export as a list of lines."""
    for i in range(4):
        instance.issue([f'audit{i}.example.org'])
    time.sleep(1.5)
    path = tmp_path_factory.mktemp('audit') / 'export.ndjson'
    path.write_bytes(read_export(instance))
    instance.cli('audit', 'verify', path).expect(0)
    return path.read_text().splitlines(keepends=True)


def read_export(instance):
    answer = instance.people()['auditor'].get('/v1/audit/export')
    assert answer.status == 200 and answer.header('Content-Type').startswith('application/x-ndjson')
    return answer.body


def entries_of(lines):
    return [i for i, line in enumerate(lines) if 'action' in line]


def refused(instance, tmp_path, lines):
    path = tmp_path / 'tampered.ndjson'
    path.write_text(''.join(lines))
    done = instance.cli('audit', 'verify', path)
    assert done.status != 0, 'a tampered export passed'
    return done


def edit(line, value):
    """Changes one plain field of an entry, wherever it stands."""
    document = json.loads(line)

    def walk(node):
        for key in node:
            if key == 'action':
                node[key] = value
                return True
            if isinstance(node[key], dict) and walk(node[key]):
                return True
        return False
    assert walk(document)
    return json.dumps(document) + '\n'


def test_edited(instance, export, tmp_path):
    for at in entries_of(export)[::5]:
        refused(instance, tmp_path, [*export[:at], edit(export[at], 'user.forged'), *export[at + 1:]])


def test_deleted(instance, export, tmp_path):
    for at in entries_of(export)[::5]:
        refused(instance, tmp_path, [*export[:at], *export[at + 1:]])


def test_reordered(instance, export, tmp_path):
    a, b = entries_of(export)[1:3]
    lines = list(export)
    lines[a], lines[b] = lines[b], lines[a]
    refused(instance, tmp_path, lines)


def test_truncated(instance, export, tmp_path):
    entries = entries_of(export)
    for count in (1, 3, len(entries) - 1):
        cut = set(entries[-count:])
        refused(instance, tmp_path, [line for i, line in enumerate(export) if i not in cut])


def test_duplicated(instance, export, tmp_path):
    at = entries_of(export)[0]
    refused(instance, tmp_path, [*export[:at], export[at], *export[at:]])


def test_forged_checkpoint(instance, export, tmp_path):
    """The signature over the root is checked, not only the root."""
    text = ''.join(export)
    at = text.rfind('\\u2014') if '\\u2014' in text else text.rfind('\u2014')
    assert at > 0, 'the export holds a signed note'
    import re
    match = re.search(r'[A-Za-z0-9+/]{60,}', text[at:])
    old = match.group(0)
    forged = text[:at] + text[at:].replace(old, old[:20] + ('A' if old[20] != 'A' else 'B') + old[21:], 1)
    refused(instance, tmp_path, [forged])


def test_empty_and_foreign_files(instance, tmp_path):
    for content in ('', '{}\n', 'hello\n', '[]\n', '\0\0\0'):
        refused(instance, tmp_path, [content])


def test_checkpoint_every_second(instance, people):
    before = people['auditor'].get('/v1/audit/checkpoint').expect(200)
    instance.request(['tick.example.org'])
    started = time.monotonic()
    wait_for(lambda: people['auditor'].get('/v1/audit/checkpoint').expect(200)['size'] > before['size'], 'a new checkpoint', 5)
    assert time.monotonic() - started < 2.5
    after = people['auditor'].get('/v1/audit/checkpoint').expect(200)
    assert after['vkey'] == before['vkey'] and after['root'] != before['root']
    # C2SP tlog-checkpoint: origin, size and base64 root on three lines, then the signatures.
    lines = after['note'].split('\n')
    assert int(lines[1]) == after['size'] and base64.b64decode(lines[2]).hex() == after['root']


def test_the_log_grows_over_a_restart(make_instance, tmp_path):
    instance = make_instance().start()
    instance.issue()
    time.sleep(1.2)
    size = instance.people()['auditor'].get('/v1/audit/checkpoint').expect(200)['size']
    assert instance.stop() == 0
    instance.start()
    instance.issue()
    time.sleep(1.2)
    assert instance.people()['auditor'].get('/v1/audit/checkpoint').expect(200)['size'] > size
    (tmp_path / 'e').write_bytes(read_export(instance))
    instance.cli('audit', 'verify', tmp_path / 'e').expect(0)


def test_refusals_are_recorded_too(instance, people):
    people['requester'].post('/v1/users', {'display_name': 'x', 'roles': ['administrator']}).problem(403)
    entries = list(people['auditor'].pages('/v1/audit/entries?actor_id=' + people['requester'].user_id))
    assert [e for e in entries if e['outcome'] == 'denied' and e['action'] == 'user.create']


def test_personal_data_is_not_readable_in_the_database(make_instance, cluster):
    """Canaries in every kind of sealed value; none in the database files, their journals or the export."""
    instance = make_instance().start()
    canaries = ['Canary-Person-77', 'canary77@secret.example', 'Canary-Comment-77', 'Canary-Reject-77']
    person = instance.enroll_admin().post('/v1/users', {'display_name': canaries[0], 'email': canaries[1],
                                                        'roles': ['requester']}).expect(201)
    client = instance.enroll(person['link'])
    request = instance.request(client=client, comment=canaries[2])
    instance.people()['approver'].post(f'/v1/requests/{request["id"]}/reject', {'comment': canaries[3]}).expect(200)
    time.sleep(1.2)
    if instance.database:
        import subprocess
        from harness.postgres import binaries
        stored = subprocess.run([os.path.join(binaries(), 'pg_dump'), instance.database], capture_output=True, check=True,
                                cwd='/').stdout
        # bytea is dumped in hexadecimal
        needles = [c.encode() for c in canaries] + [c.encode().hex().encode() for c in canaries]
    else:
        folder = os.path.join(instance.data, 'db')
        stored = b''.join(open(os.path.join(folder, f), 'rb').read() for f in os.listdir(folder)
                          if os.path.isfile(os.path.join(folder, f)))
        needles = [c.encode() for c in canaries]
    assert len(stored) > 10000
    for needle in needles:
        assert needle not in stored, needle
    view = instance.admin.get('/v1/users/' + person['user']['id']).expect(200)
    assert (view['display_name'], view['email']) == (canaries[0], canaries[1])


@pytest.mark.skipif(os.getuid() != 0, reason='mounting a small file system needs root')
def test_full_disk_stops_the_action(make_instance, engine, tmp_path):
    """If the entry cannot be written the action does not happen; when there is room again, it does."""
    import subprocess
    if engine != 'sqlite':
        pytest.skip('the database of this engine lies elsewhere; its loss is tested in test_processes')
    small = pathlib.Path(tempfile.mkdtemp(prefix='cx-small-'))
    mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=24m,mode=0755', 'tmpfs', small], capture_output=True)
    if mounted.returncode:
        pytest.skip('mount is not permitted here: ' + mounted.stderr.decode().strip())
    instance = None
    try:
        instance = make_instance(folder=str(small)).start()
        instance.people()
        request = instance.request()
        requests = len(list(instance.admin.pages('/v1/requests')))
        with open(small / 'filler', 'wb') as filler:
            try:
                while True:
                    filler.write(b'\0' * 65536)
                    filler.flush()
            except OSError:
                pass
        csr = pki.csr(['DNS:full.example.org'])
        failed = 0
        for _ in range(60):  # what the write-ahead log still has room for goes through
            answer = instance.people()['requester'].post('/v1/requests', {'certificate_profile': 'server-tls', 'csr': csr})
            if answer.status != 201:
                failed = answer.status
                break
            requests += 1
        assert failed in (500, 503, 507), failed
        answer.problem(failed)
        os.unlink(small / 'filler')
        wait_for(lambda: instance.people()['requester'].post(
            '/v1/requests', {'certificate_profile': 'server-tls', 'csr': csr}).status == 201, 'room again, work again', 20)
        assert len(list(instance.admin.pages('/v1/requests'))) == requests + 1
        assert instance.settled(instance.approve(request))['state'] == 'done'
    finally:
        if instance:
            instance.destroy()
        subprocess.run(['umount', small], check=False)
        os.rmdir(small)
