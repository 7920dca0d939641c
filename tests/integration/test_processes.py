"""The process tree: what status shows, that each role comes back after kill -9, and that CRLs are served meanwhile."""
import os
import signal

import pytest

from harness import journal, pki, status
from harness.instance import wait_for

ROLES = ('gate', 'core', 'keys', 'outbound')


@pytest.fixture(scope='module')
def issued(instance):
    return instance.issue(['process.example.org'])


def test_status_shows_every_process(instance):
    roles = instance.roles()
    assert set(ROLES) <= set(roles)
    for name in ROLES:
        role = roles[name]
        assert role['state'] == 'ready' and role['pid'] > 1 and role['restarts'] >= 0
        assert os.path.exists(f'/proc/{role["pid"]}')
        with open(f'/proc/{role["pid"]}/status') as f:
            uid = int(next(line for line in f if line.startswith('Uid:')).split()[1])
        assert uid == role['uid']
        if os.getuid() == 0:
            assert uid != 0, f'{name} kept root'
    if os.getuid() == 0:
        assert len({roles[n]['uid'] for n in ROLES}) == len(ROLES)


def test_sandbox_layers_are_in_force(instance):
    for name in ('core', 'keys', 'outbound'):
        role = instance.roles()[name]
        assert 'no-new-privs' in role['sandbox'] and any(s.startswith('seccomp') for s in role['sandbox']), role
        with open(f'/proc/{role["pid"]}/status') as f:
            fields = dict(line.split(':\t', 1) for line in f if ':\t' in line)
        assert fields['NoNewPrivs'].strip() == '1' and fields['Seccomp'].strip() == '2'
        assert int(fields['CapEff'], 16) == 0


def sockets_of(pid):
    """Inodes of the sockets a process holds. One that is closed while we look is no longer held."""
    inodes = set()
    for fd in os.listdir(f'/proc/{pid}/fd'):
        try:
            target = os.readlink(f'/proc/{pid}/fd/{fd}')
        except FileNotFoundError:
            continue
        if target.startswith('socket:['):
            inodes.add(target[8:-1])
    return inodes


def test_keys_has_no_socket_to_the_world(instance):
    pid = instance.roles()['keys']['pid']
    inodes = sockets_of(pid)
    for table in ('tcp', 'tcp6', 'udp', 'udp6'):
        with open(f'/proc/{pid}/net/{table}') as f:
            assert not inodes & {line.split()[9] for line in f.readlines()[1:]}
    with open(f'/proc/{pid}/net/unix') as f:
        named = [line.split()[7] for line in f.readlines()[1:] if len(line.split()) > 7 and line.split()[6] in inodes]
    assert not named, named


def test_core_listens_on_no_network(instance):
    pid = instance.roles()['core']['pid']
    inodes = sockets_of(pid)
    for table in ('tcp', 'tcp6', 'udp', 'udp6'):
        with open(f'/proc/{pid}/net/{table}') as f:
            assert not inodes & {line.split()[9] for line in f.readlines()[1:]}


@pytest.mark.parametrize('role', ROLES)
def test_each_role_comes_back_after_kill_9(instance, issued, role, tmp_path):
    before = instance.roles()[role]
    crl = pki.urls(issued['pem'])[0][0]
    wait_for(lambda: instance.fetch(crl).status == 200, 'the shard of a new issuer is published')
    old = instance.kill(role)
    assert old == before['pid']
    crl_served = []

    def back():
        if role != 'gate':  # nginx reads files: it needs nobody for that
            crl_served.append(instance.fetch(crl).status)
        now = instance.roles()[role]
        return now['state'] == 'ready' and now['pid'] != old
    wait_for(back, f'{role} is back', 20)
    assert instance.roles()[role]['restarts'] == before['restarts'] + 1
    assert not [s for s in crl_served if s != 200]

    def works():
        try:
            return instance.issue([f'after-{role}.example.org'])['status'] == 'active'
        except (AssertionError, OSError):
            return False
    wait_for(works, f'issuance works after the death of {role}', 20)
    assert status.ocsp(instance, tmp_path, issued['pem']) == 'good'


def test_a_dead_keys_process_is_a_clear_error(instance, people):
    """While keys is stopped the action fails or waits; afterwards nothing is half-issued."""
    request = instance.request(['held.example.org'])
    pid = instance.roles()['keys']['pid']
    os.kill(pid, signal.SIGSTOP)
    try:
        people['approver'].connect_timeout = 40
        answer = people['approver'].post(f'/v1/requests/{request["id"]}/approve', {'comment': 'x'})
        if answer.status == 503:  # the tenant's data key had to be unwrapped first: nothing was decided
            answer.problem(503)
        else:  # decided and recorded; keys may or may not have it
            assert answer.expect(200)['state'] == 'issuing'
    finally:
        os.kill(pid, signal.SIGCONT)

    def settled():
        view = instance.admin.get('/v1/requests/' + request['id']).expect(200)
        if view['state'] == 'awaiting_approval':
            instance.approve(view)
            return False
        return view['state'] == 'done'
    wait_for(settled, 'the request is finished once keys is there', 40)
    assert len(list(instance.admin.pages('/v1/certificates?name=held.example.org'))) == 1


LEASE_S = 20  # ISSUANCE_LEASE_S


def approve_once(instance, request):
    """Asks once; the request is decided now, or the refusal says that the platform is unavailable and nothing was decided."""
    answer = instance.people()['approver'].post(f'/v1/requests/{request["id"]}/approve', {'comment': 'x'})
    if answer.status != 200:
        document = answer.problem(503)
        assert document['title'] in ('Busy, try again', 'Temporarily unavailable'), document
        return False
    assert answer.json()['state'] in ('done', 'issuing', 'approved'), answer.body
    return True


def test_keys_that_dies_again_and_again_leaves_nothing_half_issued(make_instance):
    instance = make_instance(drill=True).start()
    requests = [instance.request([f'loop{i}.example.org']) for i in range(16)]
    undecided, kills = list(requests), 0
    while kills < 5 or undecided:
        instance.kill('keys')
        kills += 1
        for _ in range(4):
            if undecided and approve_once(instance, undecided[0]):
                undecided.pop(0)
        wait_for(lambda: instance.roles()['keys']['state'] == 'ready', 'keys is back', 20)
    # Ready is what the supervisor says; core may still be about to take the new channel over, and then answers 503.
    wait_for(lambda: instance.admin.post('/v1/system/clock', {'offset_s': LEASE_S + 1}).status == 200, 'core has keys again', 20)
    for request in requests:
        wait_for(lambda: instance.admin.get('/v1/requests/' + request['id']).expect(200)['state'] == 'done', 'it is issued', 40)
    stored = {}
    for i in range(len(requests)):
        found = list(instance.admin.pages(f'/v1/certificates?name=loop{i}.example.org'))
        assert len(found) == 1, 'one approval, one certificate'
        stored[found[0]['sha256']] = found[0]['id']
    # Nothing was signed that is not stored, the OCSP signer's certificate among it.
    signed = journal.summary(os.path.join(instance.data, 'keys', 'journal'))['signed']
    everything = {c['sha256'] for c in instance.admin.pages('/v1/certificates?limit=500')}
    assert set(stored) <= set(signed.values()) <= everything


def test_sigterm_ends_everything(make_instance):
    instance = make_instance().start()
    pids = instance.descendants()
    assert len(pids) >= 4
    assert instance.stop() == 0
    wait_for(lambda: not [p for p in pids if os.path.exists(f'/proc/{p}')], 'no process is left behind')


def test_death_of_the_supervisor_takes_its_roles_along(make_instance):
    instance = make_instance().start()
    pids = instance.descendants()
    os.kill(instance.process.pid, signal.SIGKILL)
    instance.process.wait()
    wait_for(lambda: not [p for p in pids if os.path.exists(f'/proc/{p}')], 'no orphan serves on', 20)
    instance.start()
    instance.enroll_admin().get('/v1/me').expect(200)


def test_only_declared_ports_are_open(instance):
    pids = set(instance.descendants()) | {instance.process.pid}
    inodes = set()
    for pid in pids:
        inodes |= sockets_of(pid)
    ports = set()
    for table in ('tcp', 'tcp6'):
        with open(f'/proc/net/{table}') as f:
            for line in f.readlines()[1:]:
                fields = line.split()
                if fields[3] == '0A' and fields[9] in inodes:
                    ports.add(int(fields[1].rsplit(':', 1)[1], 16))
    assert ports == {instance.port, instance.status_port} or ports == {instance.port}


def test_a_lost_database_is_a_clear_error(make_instance, engine, cluster):
    """While the database is away actions are refused and no process dies; once it is back, all goes on, once each."""
    if engine != 'postgres':
        pytest.skip('this engine is a file inside core; its loss is a full disk, in test_audit')
    database = cluster(durable=True)
    instance = make_instance(database=database.database()).start()
    approver = instance.people()['approver']
    acknowledged = instance.issue(['before.example.org'])
    request = instance.request(['during.example.org'])
    pids = {name: role['pid'] for name, role in instance.roles().items()}
    database.stop(immediate=True)  # as in a crash of its host
    for _ in range(3):
        problem = approver.post(f'/v1/requests/{request["id"]}/approve', {'comment': 'x'}).problem(503)
        assert problem['detail'], problem
    assert approver.get('/v1/requests/' + request['id']).problem(503)
    assert instance.fetch(pki.urls(acknowledged['pem'])[0][0]).status == 200  # CRLs need no database
    database.start()
    wait_for(lambda: approver.get('/v1/me').status == 200, 'core has found the database again', 20)
    assert {name: role['pid'] for name, role in instance.roles().items()} == pids
    assert instance.settled(instance.approve(request))['state'] == 'done'
    for name in ('before', 'during'):
        assert len(list(instance.admin.pages(f'/v1/certificates?name={name}.example.org'))) == 1
