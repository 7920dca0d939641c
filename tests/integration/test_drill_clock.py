"""A drill instance accepts a simulated clock over the API; any other refuses it."""
from harness import pki, status
from harness.instance import wait_for

DAY = 86400


def test_a_normal_instance_refuses(instance, admin):
    admin.post('/v1/system/clock', {'offset_s': 60}).problem(409)
    assert admin.get('/v1/system/clock').expect(200)['drill'] is False


def test_a_year_passes(make_instance, tmp_path):
    instance = make_instance(drill=True).start()
    certificate = instance.issue(['drill.example.org'])
    assert instance.admin.get('/v1/certificates/' + certificate['id']).expect(200)['status'] == 'active'
    before = status.crl_number(status.crl(instance, tmp_path, certificate['pem']))
    # within the 90 days of the administrator's token
    clock = instance.admin.post('/v1/system/clock', {'offset_s': 80 * DAY}).expect(200)
    assert clock['drill'] and clock['offset_s'] == 80 * DAY
    instance.admin.post('/v1/system/clock', {'offset_s': 40 * DAY}).problem(422)
    wait_for(lambda: status.crl_number(status.crl(instance, tmp_path, certificate['pem'], check=False)) > before,
             'a fresh CRL for the new day')
    instance.admin.post('/v1/system/clock', {'offset_s': 500 * DAY}).expect(200)
    # Tokens of before have expired by now, or the certificate has: both follow the one clock.
    answer = instance.admin.get('/v1/certificates/' + certificate['id'])
    assert answer.status == 401 or answer.json()['status'] == 'expired'


def test_the_offset_outlives_a_restart(make_instance):
    instance = make_instance(drill=True).start()
    instance.enroll_admin().post('/v1/system/clock', {'offset_s': 3 * DAY}).expect(200)
    assert instance.stop() == 0
    instance.start()
    assert instance.admin.get('/v1/system/clock').expect(200)['offset_s'] == 3 * DAY
    certificate = instance.issue(['later.example.org'])
    assert 'GMT' in pki.field(certificate['pem'], '-startdate')
