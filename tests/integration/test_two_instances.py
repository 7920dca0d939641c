"""Instances run side by side and know nothing of each other."""
from harness import pki, status


def test_side_by_side(make_instance, tmp_path):
    one, two = make_instance().start(), make_instance().start()
    first, second = one.issue(['one.example.org']), two.issue(['two.example.org'])
    assert one.chain()[1] != two.chain()[1]
    one.anonymous(token=two.admin.token).get('/v1/me').problem(401)
    one.admin.get('/v1/certificates/' + second['id']).problem(404)
    assert pki.verify(tmp_path, first['pem'], two.chain(), check=False).returncode != 0
    one.stop()
    assert status.ocsp(two, tmp_path, second['pem']) == 'good'


def test_one_data_folder_serves_once(instance):
    again = instance.cli('serve', '--data', instance.data, limit_s=20)
    assert again.status != 0
    instance.anonymous().get('/healthz').expect(200)
