"""kill -9 at each named step of the cycle, under load: one case a row of the crash table in docs/issuance-cycle.md, and a
few more for CRLs and checkpoints. Needs a build with -Dfaults=true (src/base/fault.h)."""
import os

import pytest

from harness import torture
from harness.instance import wait_for

# step: the process that dies there
STEPS = {
    'issuance-prepared': 'core',       # before transaction 1
    'intent-stored': 'core',           # after transaction 1, before keys has it
    'intent-journalled': 'keys',       # keys has journalled, not signed
    'certificate-signed': 'keys',      # keys has signed, core has no answer
    'certificate-received': 'core',    # signed, before transaction 2
    'certificate-stored': 'core',      # after transaction 2, before keys_settle
    'crl-journalled': 'keys',          # the number is taken, nothing is signed
    'crl-signed': 'core',              # signed, the row not stored
    'crl-stored': 'core',              # stored, the file not written
    'ocsp-presigned': 'core',          # answers signed, not stored
    'checkpoint-journalled': 'keys',
    'checkpoint-signed': 'core',
}
CASES = [(step, 'issue') for step in STEPS] + [(step, 'collect') for step in ('intent-stored', 'certificate-received')]
LEASE_S = 20  # ISSUANCE_LEASE_S, and PUBLISH_LEASE_S is less: a drill instance's clock passes it. All cases
# together stay below the 300 s by which openssl lets a response be early.


@pytest.fixture(scope='module')
def victim(make_instance):
    """A drill instance whose people have got their tokens: at each start the first thing to reach the step dies."""
    instance = make_instance(drill=True).start()
    instance.people()
    instance.crew = [tuple(instance.user(role) for role in ('requester', 'approver', 'operator')) for _ in range(2)]
    instance.offset_s = 0
    instance.issue()  # the responder's certificate is there, or will be without us
    yield instance


@pytest.mark.parametrize('step,work', CASES)
def test_death_at_each_step(victim, step, work, tmp_path):
    role = STEPS[step]
    assert victim.stop() == 0
    os.environ['CX_FAULT_KILL'] = step
    try:
        victim.start(wait=False)
    finally:
        del os.environ['CX_FAULT_KILL']
    load = torture.Load(victim, collect=float(work == 'collect'), people=victim.crew)
    try:
        wait_for(lambda: died(victim, role), f'{role} dies at {step}', 30)
        torture.recovered(victim)
    finally:
        load.stop()
    pass_lease(victim)
    result = torture.check(victim, load, tmp_path)
    assert not load.surprises, load.surprises[:5]
    assert result['certificates'] > 0


def died(instance, role):
    try:
        roles = instance.roles()
    except AssertionError:  # not up yet
        return False
    return role in roles and roles[role]['restarts'] == 1


def pass_lease(instance):
    """Nobody waits 20 s here: a drill instance's clock is moved on."""
    instance.offset_s += LEASE_S + 1
    instance.admin.close()
    instance.admin.post('/v1/system/clock', {'offset_s': instance.offset_s}).expect(200)
