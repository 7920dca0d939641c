"""What comes in: alerts that count instead of flooding, and reports from strangers by a plain form."""
import html.parser
import subprocess
import urllib.parse

import pytest

FORM = 'application/x-www-form-urlencoded'
PROOF_NAME = 'The private key of this request is compromised'


def alert(client, subject='crl-1', rule='crl-stale', status=200):
    return client.post('/v1/alerts', {'rule': rule, 'subject': subject, 'title': 'CRL is stale', 'summary': 'not renewed',
                                      'impact': 'high', 'urgency': 'high'}).expect(status)


@pytest.fixture
def form(instance, admin):
    return '/report/' + admin.get('/v1/me').expect(200)['tenant_id']


def send(instance, form, **fields):
    return instance.anonymous().post(form, raw=urllib.parse.urlencode(fields).encode(), content_type=FORM)


def incident_of(admin, tracking):
    """The incident of a report: found as its people find it, in the timeline."""
    for incident in admin.get('/v1/incidents?limit=500').expect(200)['items']:
        if tracking in str(admin.get(f'/v1/incidents/{incident["id"]}/reports').expect(200)):
            return incident
    raise AssertionError('no incident has ' + tracking)


def tracking_of(page):
    return page.body.decode().split('<strong>')[1].split('</strong>')[0]


def csr(folder, subject, key='key.pem', names=None):
    path = folder / key
    if not path.exists():
        subprocess.run(['openssl', 'ecparam', '-genkey', '-name', 'prime256v1', '-noout', '-out', path], check=True)
    command = ['openssl', 'req', '-new', '-key', path, '-subj', subject]
    if names:
        command += ['-addext', 'subjectAltName=' + names]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_equal_alerts_are_one_incident(instance, admin):
    first = alert(admin)
    assert first['opened'] and first['count'] == 1
    for _ in range(98):
        alert(admin)
    last = alert(admin)
    assert (last['incident_id'], last['count'], last['opened']) == (first['incident_id'], 100, False)
    assert alert(admin, 'crl-2')['incident_id'] != first['incident_id']
    duty = admin.get(f'/v1/incidents/{first["incident_id"]}/duties').expect(200)['items']
    assert [d['key'].split('/')[1] for d in duty] == ['alert-response']
    admin.post(f'/v1/incidents/{first["incident_id"]}/move', {'state': 'false_alarm', 'comment': 'drill'}).expect(200)
    again = alert(admin)
    assert again['opened'] and again['count'] == 1 and again['incident_id'] != first['incident_id']


def test_an_alert_follows_a_merge(instance, admin):
    first, other = alert(admin, 'host-1'), alert(admin, 'host-2')
    admin.post(f'/v1/incidents/{first["incident_id"]}/move',
               {'state': 'merged', 'merged_into': other['incident_id'], 'comment': 'same cause'}).expect(200)
    assert alert(admin, 'host-1') == {'incident_id': other['incident_id'], 'count': 2, 'opened': False}


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.fields = [], {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if 'name' in dict(attributes) and tag != 'meta':
            self.fields[dict(attributes)['name']] = tag


def test_the_form_works_without_script(instance, form):
    page = instance.anonymous().get(form)
    assert page.status == 200 and page.header('content-type').startswith('text/html')
    policy = page.header('content-security-policy')
    assert "default-src 'none'" in policy and "form-action 'self'" in policy
    seen = Page(page.body.decode())
    assert set(seen.fields) == {'problem', 'reporter', 'may_be_named', 'proof'} and 'script' not in seen.tags
    instance.anonymous().get('/report/ten_' + '0' * 26).problem(404)


def test_a_report_gets_a_receipt_and_starts_the_clocks(instance, admin, form):
    receipt = send(instance, form, problem='OCSP says unknown\r\nfor 0a0b', reporter='Trillian <t@example.org>')
    assert receipt.status == 201
    tracking = tracking_of(receipt)
    incident = incident_of(admin, tracking)
    assert (incident['type'], incident['source']) == ('problem_report', 'third_party_reported')
    (report,) = admin.get(f'/v1/incidents/{incident["id"]}/reports').expect(200)['items']
    assert report['problem'] == 'OCSP says unknown\nfor 0a0b' and report['reporter'] == 'Trillian <t@example.org>'
    assert report['may_be_named'] is False
    duties = {d['key'].split('/')[1]: d for d in
              admin.get(f'/v1/incidents/{incident["id"]}/duties').expect(200)['items']}
    assert duties['acknowledge-report']['state'] == 'met', 'the receipt acknowledges'
    assert {duties['r1-findings-reporter']['state'], duties['r1-findings-subscriber']['state']} == {'pending'}
    assert duties['r1-findings-reporter']['subject'] == tracking
    # The reporter is for those who answer, not for everybody who reads incidents.
    instance.people()['auditor'].get(f'/v1/incidents/{incident["id"]}/reports').problem(403)
    timeline = instance.people()['auditor'].get(f'/v1/incidents/{incident["id"]}/timeline').expect(200)
    assert 'Trillian' not in str(timeline)
    entries = admin.get(f'/v1/audit/entries?object_id={incident["id"]}').expect(200)['items']
    assert [e['action'] for e in entries] == ['incident.report'] and 'Trillian' not in str(entries)


def test_a_reporter_is_not_named_in_public_without_consent(instance, admin, form):
    for consent, named in ((None, True), ('yes', False)):
        fields = {'may_be_named': consent} if consent else {}
        receipt = send(instance, form, problem='wrong names', reporter='Grace Researcher', **fields)
        incident = incident_of(admin, tracking_of(receipt))
        path = f'/v1/incidents/{incident["id"]}'
        admin.post(path + '/parts', {'kind': 'description', 'content': {'text': 'Found by grace researcher.'}}).expect(201)
        gaps = admin.get(path + '/publication-preview?form=preliminary').expect(200)['gaps']
        assert ('reporter-named' in {g['gate'] for g in gaps}) is named


@pytest.mark.parametrize('fields, text', [
    ({'problem': ''}, 'Say what the problem is'),
    ({'problem': 'x', 'colour': 'red'}, 'no such field'),
    ({'problem': 'x' * 6001}, 'At most 6000'),
    ({'problem': 'x', 'reporter': 'a\nb'}, 'control characters'),
    ({'problem': 'x', 'proof': 'nonsense'}, 'The proof'),
])
def test_what_is_wrong_is_said_on_the_page(instance, form, fields, text):
    page = send(instance, form, **fields)
    assert page.status == 422 and text in page.body.decode()
    assert 'textarea' in Page(page.body.decode()).tags


def test_nothing_that_is_sent_becomes_markup(instance, admin, form):
    tracking = tracking_of(send(instance, form, problem='<script>alert(1)</script>&"', reporter='<b>'))
    incident = incident_of(admin, tracking)
    (report,) = admin.get(f'/v1/incidents/{incident["id"]}/reports').expect(200)['items']
    assert report['problem'] == '<script>alert(1)</script>&"'


def test_a_proof_of_compromise_finds_every_certificate_of_the_key(instance, admin, form, tmp_path):
    made = [instance.issue([name], csr=csr(tmp_path, '/', names='DNS:' + name))
            for name in ('one.example.org', 'two.example.org')]
    other = instance.issue(['three.example.org'])
    receipt = send(instance, form, problem='I have this key', proof=csr(tmp_path, '/CN=' + PROOF_NAME))
    assert receipt.status == 201 and 'Certificates with this key: 2.' in receipt.body.decode()
    incident = incident_of(admin, tracking_of(receipt))
    assert (incident['type'], incident['severity']) == ('key_compromise', 'critical')
    entries = admin.get(f'/v1/incidents/{incident["id"]}/timeline').expect(200)['items']
    required = next(e for e in entries if e['kind'] == 'leaf_revocation_required')
    assert required['item'] == 3 and all(c['id'] in required['detail'] for c in made)
    assert other['id'] not in required['detail']
    (report,) = admin.get(f'/v1/incidents/{incident["id"]}/reports').expect(200)['items']
    assert report['proven_spki_sha256'] == made[0]['spki_sha256']
    keys = [d['key'] for d in admin.get(f'/v1/incidents/{incident["id"]}/duties').expect(200)['items']]
    assert any(k.startswith('cabf-tls-br/r4-revoke-leaf/') for k in keys)


def test_an_ordinary_csr_proves_nothing(instance, form, tmp_path):
    """A CSR is no secret: whoever saw one could have the key's certificates revoked."""
    for subject, names in (('/CN=www.example.org', None), ('/CN=' + PROOF_NAME, 'DNS:www.example.org'),
                           ('/O=x/CN=' + PROOF_NAME, None)):
        page = send(instance, form, problem='x', proof=csr(tmp_path, subject, names=names))
        assert page.status == 422 and 'must be the common name' in page.body.decode(), subject
    lines = csr(tmp_path, '/CN=' + PROOF_NAME).strip().split('\n')
    lines[-2] = lines[-2][:4] + ('A' if lines[-2][4] != 'A' else 'B') + lines[-2][5:]
    page = send(instance, form, problem='x', proof='\n'.join(lines) + '\n')
    assert page.status == 422 and 'signature does not verify' in page.body.decode()


def test_security_txt(instance, form):
    page = instance.anonymous().get('/.well-known/security.txt')
    assert page.status == 200 and page.header('content-type').startswith('text/plain')
    fields = dict(line.split(': ', 1) for line in page.body.decode().splitlines())
    assert fields['Contact'] == instance.url + form and fields['Canonical'].endswith('/.well-known/security.txt')
    assert fields['Expires'][:4] in ('2026', '2027', '2028')


def test_reports_are_limited_per_address(make_instance):
    instance = make_instance().start()
    form = '/report/' + instance.enroll_admin().get('/v1/me').expect(200)['tenant_id']
    answers = [send(instance, form, problem='again').status for _ in range(21)]
    assert answers == [201] * 20 + [429]
    assert len(instance.admin.get('/v1/incidents?limit=500').expect(200)['items']) == 20
