"""An incident with customers to tell: groups with a certificate each, contacts, notices; and telling many while processes die."""
import concurrent.futures

from harness.instance import wait_for

STEPS = ['2031-12-01T12:00:00Z; CertiNext operations; All certificates of the key are revoked',
         '2031-12-03T12:00:00Z; You; Install the certificates that replace them']


def settings(port, **more):
    return {'smtp_url': f'smtp://127.0.0.1:{port}', 'smtp_tls': 'none', 'smtp_from': 'notices@ca.example',
            'outbound_allow_networks': '127.0.0.0/8', **more}


class Scene:
    """An incident with a scope, and two people."""

    def __init__(self, instance, owners=('payments', 'shop')):
        self.instance, self.admin = instance, instance.enroll_admin()
        self.officer = instance.user('security-officer')
        self.groups, self.certificates = {}, {}
        for name in owners:
            self.groups[name] = self.admin.post('/v1/groups', {'name': name}).expect(201)['id']
            self.certificates[name] = self.certificate(name)
        self.incident = self.admin.post('/v1/incidents', {
            'type': 'misissuance', 'impact': 'high', 'urgency': 'high', 'source': 'self_reported', 'certificates': ['private'],
            'tracks': ['customer'], 'title': 'T', 'summary': 'S'}).expect(201)['id']
        self.scope_id = self.admin.post(self.path('/scopes'), {
            'serials': [c['serial'] for c in self.certificates.values()], 'comment': 'x'}).expect(201)['id']

    def certificate(self, name):
        made = self.instance.issue([f'{name}.example.org'])
        self.admin.post(f'/v1/certificates/{made["id"]}/group', {'group_id': self.groups[name]}).expect(200)
        return made

    def path(self, rest):
        return f'/v1/incidents/{self.incident}{rest}'

    def confirm(self):
        self.admin.post(self.path('/roles'), {'role': 'lead', 'user_id': self.admin.user_id}).expect(200)
        for state in ('triage', 'confirmed'):
            self.admin.post(self.path('/move'), {'state': state, 'comment': 'x'}).expect(200)
        return self

    def contain(self):
        self.admin.post(self.path('/timeline'), {'kind': 'issuance_stopped', 'detail': 'internal words'}).expect(201)
        return self

    def contact(self, group=None, status=201, **fields):
        document = {'role': 'security', 'language': 'en', 'name': 'Somebody', **({'group_id': self.groups[group]} if group else {}), **fields}
        answer = self.admin.post('/v1/notice-contacts', document)
        return answer.expect(201) if status == 201 else answer.problem(status)

    def draft(self, status=201, **fields):
        document = {'scope_id': self.scope_id, 'nature': 'A key was published by mistake.', 'impact': 'Others may pretend to be your service.',
                    'steps': STEPS, **fields}
        answer = self.admin.post(self.path('/notices'), {k: v for k, v in document.items() if v is not None})
        return answer.expect(201) if status == 201 else answer.problem(status)

    def get(self, notice):
        return self.admin.get(self.path('/notices/' + notice['id'])).expect(200)

    def drafted(self, limit_s=60, **fields):
        made = self.draft(**fields)
        return wait_for(lambda: (lambda n: n if n['state'] == 'drafted' else None)(self.get(made)), 'the texts are there', limit_s, 0.2)

    def approve(self, notice, client=None):
        return (client or self.officer).post(self.path(f'/notices/{notice["id"]}/approve'), {'sha256': notice['sha256']})

    def sent(self, **fields):
        notice = self.drafted(**fields)
        self.approve(notice).expect(200)
        return notice

    def done(self, notice, limit_s=60):
        return wait_for(lambda: (lambda n: n if n['state'] == 'done' else None)(self.get(notice)), 'everybody was told', limit_s, 0.2)

    def ledger(self, notice):
        return list(self.admin.pages(self.path(f'/notices/{notice["id"]}/ledger')))

    def kinds(self):
        return [e['kind'] for e in self.admin.get(self.path('/timeline')).expect(200)['items']]

    def duty(self, name):
        duties = self.admin.get(self.path('/duties')).expect(200)['items']
        return next(d for d in duties if f'/{name}/' in d['key'])

    def advance(self, hours):
        now = self.admin.get('/v1/system/clock').expect(200)
        self.admin.post('/v1/system/clock', {'offset_s': now['offset_s'] + int(hours * 3600)}).expect(200)


def add_contacts(scene, count):
    """count contacts of the tenant."""
    def add(first):
        client = scene.admin.with_token(scene.admin.token)
        for i in range(first, count, 4):
            client.post('/v1/notice-contacts', {'role': 'security', 'language': 'en', 'name': f'C {i}', 'email': f'c{i}@customer.example'}).expect(201)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(4)))


def tell_through_kills(instance, scene, sink, victims, recipients):
    """Kills each victim once while letters go out; everybody is told, and nobody under two Message-IDs."""
    notice = scene.sent(limit_s=300)
    assert notice['recipient_count'] == recipients
    step = recipients // (len(victims) + 1)
    for number, victim in enumerate(victims, 1):
        wait_for(lambda: sink.count >= number * step, 'letters go out', 300, 0.01)
        instance.kill(victim)
        scene.admin.close()
    instance.wait_ready()
    scene.admin.close()

    def done():
        try:
            view = scene.get(notice)
            if view['state'] == 'done':
                return view
            scene.advance(0.02)  # what a dead process held comes up again when its lease has run out
        except (OSError, AssertionError):
            scene.admin.close()
        return None
    assert wait_for(done, 'everybody was told', 240 + recipients / 50, 0.5)['reached_count'] == recipients
    told = {}
    for letter in sink.letters:
        told.setdefault(letter.address, []).append(letter)
    assert set(told) == {f'c{i}@customer.example' for i in range(recipients)}, 'nobody is missed'
    assert all(len({one.id for one in letters}) == 1 for letters in told.values()), 'one Message-ID each'
    assert all(len({one.sha256 for one in letters}) == 1 for letters in told.values())
    return sum(len(letters) - 1 for letters in told.values())
