"""Reports to a Bugzilla (a mock of it): approval of the exact content, filing once whatever dies in between, comments into the timeline,
answers, lists, closure, the restricted path that fails closed, and the mails to Microsoft."""
import datetime
import hashlib
import json

import pytest

from harness import bugzilla
from harness.bugzilla import KEY, LOGIN, Bugzilla
from harness.instance import wait_for
from harness.notices import settings as mail_settings
from harness.smtp import Sink

HOUR = 3600
SETTINGS = {'state': 'active', 'login': LOGIN, 'owner_name': 'NETLOCK Kft.', 'product': 'CA Program', 'component': 'CA Certificate Compliance',
            'secure_component': 'CA Security Vulnerability', 'secure_group': 'ca-program-security', 'version': 'other', 'bug_type': 'task',
            'needinfo': 'incident-reporting@ccadb.example', 'report_address': 'incident-reporting@ccadb.example',
            'microsoft_address': 'msroot@microsoft.example', 'poll_s': 60}


class Stage:
    """A drill instance with a tracker, two people, and an incident whose preliminary report has all it needs."""

    count = 0

    def __init__(self, instance, sink=None):
        self.instance, self.sink = instance, sink
        self.admin = instance.admin or instance.enroll_admin()
        self.offset_s = self.admin.get('/v1/system/clock').expect(200)['offset_s']
        Stage.count += 1
        self.first = 2051459 + 1000 * Stage.count
        self.tracker = Bugzilla(bugzilla.utc_now(lambda: self.offset_s), self.first)
        self.manager, self.officer = instance.user('incident-manager'), instance.user('security-officer')
        self.set()
        self.incident = self.open()

    def set(self, status=200, **more):
        document = {**SETTINGS, 'base_url': self.tracker.url, 'api_key': KEY, 'ca_certificates': self.tracker.ca, **more}
        answer = self.admin.post('/v1/tracker', {k: v for k, v in document.items() if v is not None})
        return answer.expect(200) if status == 200 else answer.problem(status)

    def open(self, **more):
        made = self.manager.post('/v1/incidents', {
            'type': 'problem_report', 'impact': 'medium', 'urgency': 'high', 'source': 'third_party_reported', 'title': 'Report not answered',
            'summary': 'S', 'tracks': ['public'], 'certificates': ['tls'], **more}).expect(201)['id']
        for kind, text, fields in (
                ('owner', 'NETLOCK Kft.', {'owner_code': 'A000039'}), ('description', 'A problem report was not answered in time.', {}),
                ('policies', 'TLS Baseline Requirements 2.2.6, section 4.9.5', {}), ('known_impact', 'No certificates.', {})):
            self.manager.post(f'/v1/incidents/{made}/parts', {'kind': kind, 'content': {'text': text, **fields}}).expect(201)
        return made

    def path(self, rest, incident=None):
        return f'/v1/incidents/{incident or self.incident}{rest}'

    def publication(self, form='preliminary', incident=None):
        return self.manager.post(self.path('/publications', incident), {'form': form}).expect(201)

    def draft(self, kind, status=201, incident=None, **fields):
        answer = self.manager.post(self.path('/tracker-posts', incident), {'kind': kind, **fields})
        return answer.expect(201) if status == 201 else answer.problem(status)

    def get(self, post, incident=None):
        return self.admin.get(self.path(f'/tracker-posts/{post["id"]}', incident)).expect(200)

    def approve(self, post, who=None, sha256=None, incident=None):
        return (who or self.officer).post(self.path(f'/tracker-posts/{post["id"]}/approve', incident), {'sha256': sha256 or post['sha256']})

    def wait(self, post, *states, incident=None):
        wait_for(lambda: self.get(post, incident)['state'] in states, f'a post that is {states}', limit_s=60)
        return self.get(post, incident)

    def tried(self, post, attempts, incident=None):
        """The attempt is over when its answer is there."""
        wait_for(lambda: self.get(post, incident)['attempts'] >= attempts and 'answer' in self.get(post, incident), 'an attempt', limit_s=60)
        return self.get(post, incident)

    def send(self, kind, incident=None, **fields):
        post = self.draft(kind, incident=incident, **fields)
        self.approve(post, incident=incident).expect(200)
        return self.wait(post, 'done', 'failed', 'halted', incident=incident)

    def filed(self, incident=None, **fields):
        return self.send('file', publication_id=self.publication(incident=incident)['id'], incident=incident, **fields)

    def advance(self, seconds):
        self.offset_s += seconds
        self.admin.post('/v1/system/clock', {'offset_s': self.offset_s}).expect(200)

    def timeline(self, kind, incident=None):
        return [e for e in self.admin.get(self.path('/timeline?limit=500', incident)).expect(200)['items'] if e['kind'] == kind]

    def bug(self, incident=None):
        return self.admin.get(self.path('/bug', incident)).expect(200)

    def alerts(self, incident=None):
        return [i for i in self.admin.get('/v1/incidents?limit=500').expect(200)['items']
                if 'restricted bug' in i['title'] and (incident or self.incident) in i['summary']]

    @property
    def remote(self):
        return self.tracker.bugs[self.bug()['number']]


@pytest.fixture(scope='module')
def drill(make_instance):
    return make_instance(drill=True, settings={'outbound_allow_networks': '127.0.0.0/8'}).start()


@pytest.fixture
def stage(drill):
    """A tracker and an incident of one's own; bugs of earlier tests are unknown to it."""
    made = Stage(drill)
    yield made
    made.tracker.stop()


@pytest.fixture
def mortal(make_instance):
    """The same on an instance of its own."""
    made = Stage(make_instance(drill=True, settings={'outbound_allow_networks': '127.0.0.0/8'}).start())
    yield made
    made.tracker.stop()


def test_from_draft_to_closure(stage):
    publication = stage.publication()
    post = stage.draft('file', publication_id=publication['id'])
    content = json.loads(post['content'])
    assert post['sha256'] == hashlib.sha256(post['content'].encode()).hexdigest() and content['url'] == stage.tracker.url + '/bug'
    assert post['text'] == publication['text'].rstrip('\n') + f'\n\nReference: {post["id"]}' == content['body']['description']
    assert content['body']['summary'] == 'NETLOCK Kft.: Report not answered' and content['body']['alias'] == [stage.incident]
    assert 'groups' not in content['body'] and KEY not in post['content']
    assert stage.manager.get(stage.path(f'/tracker-posts/{post["id"]}/rendered')).expect(200)['html'].startswith('<p>## Preliminary')
    assert stage.approve(post, stage.manager).problem(403)['rule'] == 'author-approves'
    assert stage.approve(post, sha256='0' * 64).problem(409)['rule'] == 'publication-text'
    assert stage.tracker.made == 0
    stage.approve(post).expect(200)
    assert stage.approve(post).problem(409)['rule'] == 'tracker-post-state'
    done = stage.wait(post, 'done', 'failed')
    assert done['state'] == 'done' and done['number'] == stage.first == stage.bug()['number'] and stage.tracker.made == 1
    bug = stage.remote
    assert bug['comments'][0]['text'] == post['text'] and (bug['product'], bug['component']) == ('CA Program', 'CA Certificate Compliance')
    shown = stage.admin.get(stage.path('/publications')).expect(200)['items'][0]
    assert shown['url'] == f'{stage.tracker.url}/bug/{stage.first}' and shown['approver_id'] == stage.officer.user_id and 'posted' in shown
    assert len(stage.timeline('disclosed')) == 1
    assert stage.draft('file', 409, publication_id=publication['id'])['rule'] == 'tracker-filed'

    stage.tracker.say(bug, 'When will the full report come?', 'chrome@root.example')
    bug.update(status='ASSIGNED', whiteboard='[ca-compliance] [policy-failure] Next update 2031-08-29')
    stage.advance(2 * 60)
    wait_for(lambda: stage.timeline('comment_received'), 'the comment', limit_s=60)
    comments = stage.admin.get(stage.path('/bug/comments')).expect(200)['items']
    assert [(c['number'], c['own'], c['answered']) for c in comments] == [(0, True, True), (1, False, False)]
    assert comments[1]['author'] == 'chrome@root.example' and comments[1]['text'] == 'When will the full report come?'
    entry = stage.timeline('comment_received')[0]
    assert entry['subject'] == 'comment-1' and entry['at'][:19] == bug['comments'][1]['creation_time'][:19]
    duties = {d['key']: d for d in stage.admin.get(stage.path('/duties')).expect(200)['items']}
    asked = [d for k, d in duties.items() if 'p3-answer-comment/' in k]
    assert len(asked) == 1 and asked[0]['state'] == 'pending'
    assert stage.timeline('next_update_set')[0]['due'].startswith('2031-08-29T23:59:59')
    assert stage.bug()['status'] == 'ASSIGNED' and stage.bug()['whiteboard'].startswith('[ca-compliance]')

    assert stage.draft('answer', 422, text='There was no security impact.', comments=[1])['rule'] == 'speculation'
    answer = stage.send('answer', text='Thank you. By Friday.', comments=[1])
    assert answer['state'] == 'done' and bug['comments'][2]['text'] == answer['text']
    duties = {d['key']: d for d in stage.admin.get(stage.path('/duties')).expect(200)['items']}
    assert [d['state'] for k, d in duties.items() if 'p3-answer-comment/' in k] == ['met']
    stage.advance(2 * 60)
    wait_for(lambda: len(stage.admin.get(stage.path('/bug/comments?after=1')).expect(200)['items']) == 1, 'our own comment', limit_s=60)
    assert len(stage.timeline('comment_received')) == 1, 'our own comment asks nothing'

    for kind, text in (('root_cause_summary', 'The mail was not seen.'), ('remediation', 'Mailboxes are watched.'), ('commitments', 'None.')):
        stage.manager.post(stage.path('/parts'), {'kind': kind, 'content': {'text': text}}).expect(201)
    closure = stage.send('closure', publication_id=stage.publication('closure')['id'])
    assert closure['state'] == 'done' and 'we request its closure' in bug['comments'][-1]['text']
    assert bug['flags'] == [{'name': 'needinfo', 'status': '?', 'requestee': 'incident-reporting@ccadb.example', 'new': True, 'id': 1, 'setter': LOGIN}]
    bug.update(status='RESOLVED', resolution='FIXED')
    stage.advance(2 * 60)
    wait_for(lambda: stage.timeline('resolved'), 'the end of the bug', limit_s=60)
    stage.advance(2 * 60)
    wait_for(lambda: stage.bug()['status'] == 'RESOLVED', 'the state')
    assert len(stage.timeline('resolved')) == 1 and len(stage.timeline('closure_requested')) == 1
    assert stage.tracker.keys == {KEY} and KEY not in stage.instance.log_text()
    assert KEY not in json.dumps(stage.admin.get('/v1/tracker').expect(200))


def test_the_list_of_certificates(stage):
    certificates = [stage.instance.issue([f'listed-{i}.example.org']) for i in range(2)]
    stage.manager.post(stage.path('/scopes'), {'serials': [c['serial'] for c in certificates], 'comment': 'x'}).expect(201)
    assert stage.draft('attachment', 409)['rule'] == 'tracker-bug-missing'
    stage.filed()
    first = stage.send('attachment')
    assert first['state'] == 'done' and first['number'] == 9500000
    import base64
    held = stage.remote['attachments'][0]
    data = base64.b64decode(held['data'])
    content = json.loads(first['content'])['body']
    assert hashlib.sha256(data).hexdigest() == content['data_sha256'] and held['file_name'] == f'affected-certificates-{first["id"]}.csv'
    assert data == stage.manager.get(stage.path('/certificate-list')).body and held['content_type'] == 'text/csv'
    stage.instance.revoke(certificates[0])
    second = stage.send('attachment')
    assert json.loads(second['content'])['body']['obsoletes'] == [9500000]
    assert [a['is_obsolete'] for a in stage.remote['attachments']] == [1, 0] and b'Yes' in base64.b64decode(stage.remote['attachments'][1]['data'])


@pytest.mark.parametrize('fault', [
    'lose', 'drop', bugzilla.status(500), bugzilla.status(429, headers=[('Retry-After', '60')]), bugzilla.status(401, {'error': True, 'code': 410, 'message': 'log in'}),
    bugzilla.status(200, b'<html>sorry</html>', 'text/html'), bugzilla.status(200, {'id': 'many'}), bugzilla.status(301, b'', headers=[('Location', 'https://127.0.0.1:1/')])],
    ids=['lost', 'dropped', '500', 'limited', '401', 'html', 'odd', 'redirect'])
def test_an_answer_that_is_none_files_nothing_twice(stage, fault):
    stage.tracker.faults.append(('POST', '/rest/bug', fault))
    post = stage.draft('file', publication_id=stage.publication()['id'])
    stage.approve(post).expect(200)
    tried = stage.tried(post, 1)
    assert tried['state'] == 'waiting' and stage.timeline('disclosed') == []
    assert stage.manager.post(stage.path(f'/tracker-posts/{post["id"]}/withdraw')).problem(409)['rule'] == 'tracker-post-state'
    stage.advance(2 * 60)
    assert stage.wait(post, 'done', 'failed')['state'] == 'done'
    assert stage.tracker.made == 1 and len(stage.timeline('disclosed')) == 1


@pytest.mark.parametrize('fault', ['lose', bugzilla.status(503), bugzilla.status(200, {'id': True})], ids=['lost', '503', 'odd'])
def test_a_comment_is_not_posted_twice(stage, fault):
    stage.filed()
    stage.tracker.faults.append(('POST', '/comment', fault))
    post = stage.draft('answer', text='Words.', comments=[1])
    stage.approve(post).expect(200)
    stage.tried(post, 1)
    stage.advance(2 * 60)
    assert stage.wait(post, 'done', 'failed')['state'] == 'done'
    assert [c['text'] for c in stage.remote['comments']].count(post['text']) == 1


@pytest.mark.parametrize('step,alias', [('tracker-before-file', True), ('tracker-after-file', True), ('tracker-after-file', False),
                                        ('tracker-before-post', True), ('tracker-after-post', True)])
def test_a_death_at_any_step_posts_nothing_twice(mortal, step, alias):
    stage = mortal
    stage.tracker.ignore_alias = not alias
    if step.endswith('post'):
        stage.filed()
        post = stage.draft('answer', text='Words.', comments=[1])
    else:
        post = stage.draft('file', publication_id=stage.publication()['id'])
    assert stage.instance.stop() == 0
    stage.instance.start(faults={'kill': step})
    stage.approve(post).expect(200)
    wait_for(lambda: stage.instance.roles()['core']['restarts'] == 1, 'core dies', limit_s=60)
    stage.instance.wait_ready()
    stage.admin.close()
    stage.advance(6 * 60)  # behind the lease of the dead
    assert stage.wait(post, 'done', 'failed')['state'] == 'done'
    assert stage.tracker.made == 1
    assert sum(c['text'] == post['text'] for c in stage.remote['comments']) == 1
    assert len(stage.timeline('disclosed')) == 1


def test_what_the_tracker_refuses_fails_and_may_be_made_anew(stage):
    stage.tracker.faults.append(('POST', '/rest/bug', bugzilla.status(400, {'error': True, 'code': 51, 'message': 'There is no component named\nX.'})))
    post = stage.filed()
    assert post['state'] == 'failed' and post['answer'] == 'status 400, error 51: There is no component named X.'
    assert stage.admin.get(stage.path('/bug')).problem(404)['rule'] == 'tracker-bug-missing'
    assert stage.filed()['state'] == 'done' and stage.tracker.made == 1


def test_a_key_that_is_not_taken_waits(stage):
    stage.set(api_key='z' * 40)
    post = stage.draft('file', publication_id=stage.publication()['id'])
    stage.approve(post).expect(200)
    assert stage.tried(post, 1)['answer'] == 'status 400, error 306: The API key you specified is invalid.'
    assert stage.get(post)['state'] == 'waiting'
    stage.set()
    stage.advance(2 * 60)
    assert stage.wait(post, 'done', 'failed')['state'] == 'done'


def test_another_tracker_does_not_get_what_was_approved(stage):
    post = stage.draft('file', publication_id=stage.publication()['id'])
    assert stage.set(422, base_url='https://127.0.0.1:1/rest', api_key=None)['field'] == 'api_key'
    assert stage.set(422, base_url=stage.tracker.url + '/')['rule'] == 'tracker-url'
    other = Bugzilla(bugzilla.utc_now())
    stage.set(base_url=other.url, ca_certificates=other.ca)
    stage.approve(post).expect(200)
    assert stage.wait(post, 'done', 'failed')['state'] == 'failed' and [a for a in other.asked if a[0] != 'GET'] == []
    other.stop()


def test_tls_is_verified(stage):
    stage.set(ca_certificates=None)
    post = stage.draft('file', publication_id=stage.publication()['id'])
    stage.approve(post).expect(200)
    assert 'no answer' in stage.tried(post, 1)['answer'] and stage.tracker.asked == []
    stage.set()


def test_a_restricted_bug(stage):
    incident = stage.open(tracks=['public', 'security'])
    publication = stage.publication(incident=incident)
    assert stage.draft('file', 422, incident=incident, publication_id=publication['id'])['rule'] == 'tracker-sensitive'
    post = stage.draft('file', incident=incident, publication_id=publication['id'], restricted=True)
    body = json.loads(post['content'])['body']
    assert (body['component'], body['groups'], body['cc']) == ('CA Security Vulnerability', ['ca-program-security'], ['incident-reporting@ccadb.example'])
    assert stage.manager.get(stage.path(f'/tracker-posts/{post["id"]}/rendered', incident)).problem(409)['rule'] == 'tracker-restricted'
    stage.approve(post, incident=incident).expect(200)
    assert stage.wait(post, 'done', 'halted', 'failed', incident=incident)['state'] == 'done'
    assert stage.bug(incident)['restricted'] and 'halted' not in stage.bug(incident) and stage.alerts(incident) == []
    assert len(stage.timeline('secure_bug_filed', incident)) == 1 and stage.timeline('disclosed', incident) == []
    bug = stage.tracker.bugs[stage.bug(incident)['number']]
    bug['groups'] = []  # somebody opened it
    answer = stage.draft('answer', incident=incident, text='Words.', comments=[1])
    before = len(bug['comments'])
    stage.approve(answer, incident=incident).expect(200)
    wait_for(lambda: 'halted' in stage.bug(incident), 'the halt', limit_s=60)
    wait_for(lambda: len(stage.alerts(incident)) == 1, 'the alert', limit_s=60)
    stage.advance(2 * HOUR)
    assert stage.draft('answer', 409, incident=incident, text='More.', comments=[1])['rule'] == 'tracker-halted'
    assert len(bug['comments']) == before and stage.get(answer, incident)['state'] == 'waiting'
    check = stage.path('/bug/check', incident)
    assert stage.officer.post(check, {'restricted': True}).problem(409)['rule'] == 'tracker-halted'
    bug['groups'] = ['ca-program-security']
    assert 'halted' not in stage.officer.post(check, {'restricted': True}).expect(200)
    assert stage.wait(answer, 'done', 'failed', incident=incident)['state'] == 'done' and len(bug['comments']) == before + 1


def test_a_group_that_was_not_set_halts_everything(stage):
    stage.tracker.ignore_groups = True
    post = stage.filed(restricted=True)
    assert post['state'] == 'halted' and post['answer'] == f'bug {stage.first} does not carry its security group'
    assert 'halted' in stage.bug() and len(stage.alerts()) == 1
    assert stage.draft('attachment', 409)['rule'] == 'tracker-halted'
    stage.advance(2 * HOUR)
    assert stage.tracker.made == 1 and len(stage.remote['comments']) == 1 and len(stage.alerts()) == 1


@pytest.mark.parametrize('fault', ['drop', bugzilla.status(500), bugzilla.status(200, {'bugs': []}), bugzilla.status(200, {'bugs': [{'id': 1}]}),
                                   bugzilla.status(401, {'error': True, 'code': 102, 'message': 'You are not authorized to access bug 2051459.'})],
                         ids=['dropped', '500', 'empty', 'other', '401'])
def test_a_group_that_cannot_be_confirmed_posts_nothing_more(stage, fault):
    stage.tracker.faults.append(('GET', f'/rest/bug/{stage.first}?', fault))
    post = stage.draft('file', publication_id=stage.publication()['id'], restricted=True)
    stage.approve(post).expect(200)
    stage.tried(post, 1)
    wait_for(lambda: len(stage.alerts()) == 1, 'the alert', limit_s=60)
    assert stage.get(post)['state'] == 'waiting' and stage.draft('attachment', 409)['rule'] == 'tracker-bug-missing'
    stage.advance(2 * 60)
    assert stage.wait(post, 'done', 'halted', 'failed')['state'] == 'done' and stage.tracker.made == 1


def test_a_bug_that_somebody_else_filed(stage):
    with stage.tracker.lock:
        _, made = stage.tracker.file({'product': 'CA Program', 'component': 'CA Certificate Compliance', 'summary': 'NETLOCK: no answer', 'version': 'other',
                                      'type': 'task', 'description': 'I asked and nobody answered.'})
        bug = stage.tracker.bugs[made['id']]
        bug['comments'][0]['creator'] = bug['creator'] = 'reporter@example.net'
    stage.tracker.say(bug, 'Still nothing.', 'reporter@example.net')
    linked = stage.manager.post(stage.path('/bug'), {'number': made['id']}).expect(201)
    assert linked['number'] == made['id']
    assert stage.manager.post(stage.path('/bug'), {'number': made['id'] + 1}).problem(409)['rule'] == 'tracker-filed'
    wait_for(lambda: [e['subject'] for e in stage.timeline('comment_received')] == ['comment-1'], 'their comment', limit_s=60)
    publication = stage.publication()
    assert stage.draft('file', 409, publication_id=publication['id'])['rule'] == 'tracker-filed'
    assert stage.send('comment', publication_id=publication['id'])['state'] == 'done'
    assert len(stage.timeline('disclosed')) == 1 and '## Preliminary Incident Report' in bug['comments'][2]['text']
    other = stage.open()
    assert stage.manager.post(stage.path('/bug', other), {'number': made['id']}).problem(409)['rule'] == 'tracker-filed'


def test_a_look_that_fails_is_told_once(stage):
    stage.filed()
    wait_for(lambda: 'polled' in stage.bug(), 'a look', limit_s=60)
    number = stage.bug()['number']
    bug = stage.tracker.bugs.pop(number)
    stage.advance(2 * 60)
    wait_for(lambda: stage.bug().get('fault') == f'status 404, error 101: Bug #{number} does not exist.', 'the fault', limit_s=60)
    stage.tracker.bugs[number] = bug
    stage.advance(2 * 60)
    wait_for(lambda: 'fault' not in stage.bug(), 'a look that works', limit_s=60)


@pytest.mark.parametrize('kind,fields,field', [
    ('file', {}, 'publication_id'), ('answer', {'comments': [1]}, 'text'), ('answer', {'text': 'x'}, 'comments'),
    ('attachment', {'text': 'x'}, 'text'), ('file', {'publication_id': 'pub_' + '0' * 26}, 'publication_id')])
def test_what_a_post_needs(stage, kind, fields, field):
    assert stage.draft(kind, 404 if 'publication_id' in fields else 422, **fields)['field'] == field


def test_a_reporter_is_not_named_in_an_answer(stage):
    tenant = stage.admin.get('/v1/me').expect(200)['tenant_id']
    sent = stage.instance.anonymous().post(f'/report/{tenant}', raw='problem=It+is+wrong.&reporter=Petra+Privat', content_type='application/x-www-form-urlencoded')
    assert sent.status in (200, 201), sent.body
    reported = next(i for i in stage.admin.get('/v1/incidents?limit=500').expect(200)['items']
                    if 'Petra Privat' in str(stage.admin.get(stage.path('/reports', i['id'])).expect(200)))
    stage.manager.post(stage.path('/bug', reported['id']), {'number': stage.first + 7}).expect(201)
    problem = stage.draft('answer', 422, incident=reported['id'], text='We thank petra privat.', comments=[1])
    assert problem['rule'] == 'reporter-named'


# ---- Microsoft ----

@pytest.fixture
def mailing(make_instance):
    sink = Sink()
    made = Stage(make_instance(drill=True, settings=mail_settings(sink.port)).start(), sink)
    yield made
    made.tracker.stop()
    sink.stop()


INITIAL = {'detected_by': 'A customer.', 'place': 'The mail gateway.', 'affected_cas': 'NETLOCK Trust Qualified EV CA 3'}
FINAL = {'detection_gap': 'The spam folder was not read.', 'report_history': 'They did not.', 'exploit': 'None.', 'compromise': 'Nothing.', 'attribution': 'Nobody.',
         'normal_operation': 'No.', 'last_audit': 'It was not.', 'policy_changes': 'CPS 1.5.2.', 'remediation': 'The folder is read.'}


def test_the_mails_to_microsoft(mailing):
    stage, sink = mailing, mailing.sink

    def add(parts):
        for kind, text in parts.items():
            stage.manager.post(stage.path('/parts'), {'kind': kind, 'content': {'text': text}}).expect(201)

    def gaps(form):
        shown = stage.manager.get(stage.path(f'/publication-preview?form={form}')).expect(200)
        assert shown['template'] == 'Microsoft Trusted Root Program 1.2, Incident Reporting'
        return {(g['gate'], g.get('field')) for g in shown['gaps']}
    assert gaps('microsoft_initial') == {('part-missing', kind) for kind in INITIAL}
    assert stage.manager.post(stage.path('/publications'), {'form': 'microsoft_initial'}).problem(422)['rule'] == 'part-missing'
    add(INITIAL)
    first = stage.send('mail', publication_id=stage.publication('microsoft_initial')['id'])
    assert first['state'] == 'done' and first['target'] == 'mailto:msroot@microsoft.example'
    letter = sink.letters[0]
    assert letter.address == 'msroot@microsoft.example' and letter.subject == 'NETLOCK Kft.: Report not answered'
    assert letter.text.replace('\r\n', '\n').rstrip('\n') == first['text'].rstrip('\n') and letter.delivery == first['id']
    assert '2. Who detected it?\n   A customer.\n' in first['text'] and '12. What the CA asks Microsoft to do\n   nothing\n' in first['text']
    assert len(stage.timeline('microsoft_notified')) == 1
    assert stage.draft('comment', 409, publication_id=stage.publication('microsoft_update')['id'])['rule'] == 'tracker-bug-missing'
    stage.send('mail', publication_id=stage.publication('microsoft_update')['id'])
    assert len(stage.timeline('microsoft_updated')) == 1
    assert gaps('microsoft_final') == {('part-missing', kind) for kind in FINAL} | {('certificates', 'scope')}
    add({**FINAL, 'certificate_types': 'DV'})
    certificate = stage.instance.issue(['mailed.example.org'])
    stage.manager.post(stage.path('/scopes'), {'serials': [certificate['serial']], 'comment': 'x'}).expect(201)
    final = stage.send('mail', publication_id=stage.publication('microsoft_final')['id'])
    assert final['state'] == 'done' and 'Affected certificates\n\nPrecertificate SHA-256 hash' in final['text'] and certificate['serial'] in final['text']
    assert len(stage.timeline('microsoft_final_sent')) == 1 and sink.count == 3
    preliminary = stage.publication()
    assert stage.draft('mail', 422, publication_id=preliminary['id'])['rule'] == 'tracker-post-form'
    told = stage.send('mail', publication_id=preliminary['id'], restricted=True)
    assert told['target'] == 'mailto:incident-reporting@ccadb.example'


def test_time_of_a_look(stage):
    """The mock speaks whole seconds; a comment of the same second as the last one seen is not passed over."""
    stage.filed()
    wait_for(lambda: 'polled' in stage.bug(), 'a look', limit_s=60)
    stage.tracker.say(stage.remote, 'One.', 'a@example.net')
    stage.tracker.say(stage.remote, 'Two.', 'b@example.net')
    stage.advance(2 * 60)
    wait_for(lambda: len(stage.timeline('comment_received')) == 2, 'both', limit_s=60)
    stage.tracker.say(stage.remote, 'Three.', 'b@example.net')
    stage.remote['comments'][-1]['creation_time'] = stage.remote['comments'][-2]['creation_time']
    stage.advance(2 * 60)
    wait_for(lambda: len(stage.timeline('comment_received')) == 3, 'the third', limit_s=60)
    assert datetime.datetime.fromisoformat(stage.bug()['polled'].replace('Z', '+00:00')).year >= 2026
