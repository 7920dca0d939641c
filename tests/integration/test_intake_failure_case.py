"""The case of Bugzilla 2051459 from first report to closure: a certificate problem report that went into a spam folder and was answered
after sixteen days, learned of from somebody else's bug; and its second cause, a report of its own (2052541). On the injected clock:
the days of the case are moved to days from now on, and back again before texts are compared with the golden files."""
import csv
import datetime
import io
import os
import re

import pytest

from harness.bugzilla import KEY, LOGIN, Bugzilla, utc_now
from harness.instance import wait_for

GOLDEN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'golden', 'incident')
FIRST_DAY = datetime.date(2026, 6, 9)
COLUMNS = ['Precertificate SHA-256 hash', 'Certificate SHA-256 hash', 'Subject', 'Issuer', 'Not before', 'Not after', 'Serial #', 'dNSNames',
           'Is revoked?', 'Revocation date', 'Revocation reason']
HEADINGS = ['## Full Incident Report', '### Summary', '### Impact', '### Timeline', '### Related Incidents', '### Root Cause Analysis', '### Lessons Learned',
            '### Action Items', '### Appendix']
LABELS = {
    '### Summary': ['CA Owner CCADB unique ID', 'Incident description', 'Timeline summary', 'Non-compliance start date', 'Non-compliance identified date',
                    'Non-compliance end date', 'Relevant policies', 'Source of incident disclosure'],
    '### Impact': ['Total number of certificates', 'Total number of "remaining valid" certificates', 'Affected certificate types', 'Incident heuristic',
                   'Was issuance stopped in response to this incident, and why or why not?', 'Analysis', 'Additional considerations'],
    '### Root Cause Analysis': ['Description', 'Timeline', 'Detection', 'Interaction with other factors', 'Root Cause Analysis methodology used'],
    '### Lessons Learned': ['What went well', 'What didn’t go well', 'Where we got lucky', 'Additional']}


class Case:
    """The people, the tracker, and the days of the case."""

    def __init__(self, instance):
        self.instance = instance
        self.shift = datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=1) - FIRST_DAY
        self.tracker = Bugzilla(utc_now(lambda: self.offset_s))
        self.offset_s = 0
        self.admin = instance.enroll_admin()
        self.manager, self.officer = instance.user('incident-manager'), instance.user('security-officer')
        self.lead, self.worker = instance.user('manager'), instance.user('operator')
        self.admin.post('/v1/tracker', {
            'state': 'active', 'base_url': self.tracker.url, 'api_key': KEY, 'login': LOGIN, 'owner_name': 'NETLOCK Kft.', 'product': 'CA Program',
            'component': 'CA Certificate Compliance', 'secure_component': 'CA Security Vulnerability', 'secure_group': 'ca-program-security', 'version': 'other',
            'bug_type': 'task', 'needinfo': 'incident-reporting@ccadb.example', 'poll_s': 60, 'ca_certificates': self.tracker.ca}).expect(200)

    def at(self, text):
        """'06-10 23:48' of the case, moved."""
        moved = datetime.datetime.strptime('2026-' + text, '%Y-%m-%d %H:%M') + self.shift
        return moved.strftime('%Y-%m-%dT%H:%M:00Z')

    def back(self, text):
        def one(match):
            return (datetime.date.fromisoformat(match[0]) - self.shift).isoformat()
        text = re.sub(r'\b20\d\d-\d\d-\d\d\b', one, text)
        text = re.sub(r'(\d\d):\d\d (UTC: (?:disclosed|scope |action item ))', r'\1:00 \2', text)  # what the program entered itself, in its own minute
        text = re.sub(r'Reference: tpo_\w+', 'Reference: tpo_…', text)
        return text.replace(self.tracker.url, 'https://bugzilla.mozilla.org/rest')

    def go(self, text):
        """The clock shows this minute."""
        target = datetime.datetime.strptime(self.at(text), '%Y-%m-%dT%H:%M:%SZ').replace(tzinfo=datetime.timezone.utc)
        self.offset_s = int((target - datetime.datetime.now(datetime.timezone.utc)).total_seconds()) + 1
        self.admin.post('/v1/system/clock', {'offset_s': self.offset_s}).expect(200)

    def post(self, incident, rest, document, status=201, who=None):
        return (who or self.manager).post(f'/v1/incidents/{incident}{rest}', document).expect(status)

    def part(self, incident, kind, text, **fields):
        return self.post(incident, '/parts', {'kind': kind, 'content': {'text': text, **fields}})

    def record(self, incident, kind, at, **fields):
        return self.post(incident, '/timeline', {'kind': kind, 'at': self.at(at), **fields})

    def duties(self, incident):
        return {d['key'].rsplit('/', 2)[0].split('/')[-1]: d for d in self.manager.get(f'/v1/incidents/{incident}/duties').expect(200)['items']}

    def say(self, incident, kind, **fields):
        post = self.post(incident, '/tracker-posts', {'kind': kind, **fields})
        self.post(incident, f'/tracker-posts/{post["id"]}/approve', {'sha256': post['sha256']}, 200, self.officer)
        where = f'/v1/incidents/{incident}/tracker-posts/{post["id"]}'
        wait_for(lambda: self.manager.get(where).expect(200)['state'] in ('done', 'failed'), 'the post', limit_s=60)
        done = self.manager.get(where).expect(200)
        assert done['state'] == 'done', done
        return done

    def publish(self, incident, form, kind):
        made = self.post(incident, '/publications', {'form': form})
        return self.say(incident, kind, publication_id=made['id'])['text']

    def gaps(self, incident, form):
        return self.manager.get(f'/v1/incidents/{incident}/publication-preview?form={form}').expect(200)['gaps']


def compare(name, text):
    """CX_GOLDEN_WRITE=1 writes the file anew; look at the difference before committing it."""
    file = os.path.join(GOLDEN, name)
    if os.environ.get('CX_GOLDEN_WRITE'):
        with open(file, 'w') as f:
            f.write(text + '\n')
    assert text + '\n' == open(file).read()


def check_template(text):
    """Headings, labels, enumerations and tables, letter for letter."""
    assert [line for line in text.split('\n') if line.startswith('#')] == HEADINGS
    parts = dict(zip(HEADINGS, re.split(r'(?m)^#{2,3} .*\n', text)[1:]))
    for heading, labels in LABELS.items():
        assert re.findall(r'(?m)^ {0,3}- \*\*(.*?):\*\*', parts[heading]) == labels, heading
    assert re.search(r'(?m)^- \*\*CA Owner CCADB unique ID:\*\* A\d{6}$', text)
    assert re.search(r'(?m)^- \*\*Source of incident disclosure:\*\* (Self Reported|Third Party Reported|Audit)$', text)
    assert re.search(r'(?m)^\*\*Contributing Factor 1: .+\*\*$', parts['### Root Cause Analysis'])
    assert '| Bug | Date | Description |\n|-----|------|-------------|\n' in parts['### Related Incidents']
    for line in parts['### Related Incidents'].strip().split('\n')[2:]:
        assert re.fullmatch(r'\| \[\d+\]\(https://\S+\) \| \d{4}-\d\d-\d\d \| .+ \|', line), line
    head, rule, *rows = parts['### Action Items'].strip().split('\n')
    assert head == '| Action Item | Kind | Corresponding Root Cause(s) | Evaluation Criteria | Due Date | Status |'
    assert rule == '| ----------- | ---- | --------------------------- | ------------------- | -------- | ------ |' and rows
    for row in rows:
        cells = [c.strip() for c in row.strip('|').split('|')]
        assert len(cells) == 6 and cells[1] in ('Prevent', 'Mitigate', 'Detect') and cells[5] in ('Ongoing', 'Complete', 'Delayed', 'Canceled')
        assert re.fullmatch(r'\d{4}-\d\d-\d\d', cells[4])
    times = re.findall(r'(?m)^- (\d{4}-\d\d-\d\d \d\d:\d\d) UTC: ', parts['### Timeline'])
    assert times and times == sorted(times) and len(times) == len(re.findall(r'(?m)^- ', parts['### Timeline']))


@pytest.fixture
def case(make_instance):
    made = Case(make_instance(drill=True, settings={'outbound_allow_networks': '127.0.0.0/8'}).start())
    yield made
    made.tracker.stop()


ACTIONS = [
    ('Read the spam folder as a monitored channel', 'prevent', 'A test message that is marked as spam opens an incident within an hour.', '07-10 00:00'),
    ('Let every secondary mailbox forward problem reports', 'detect', 'A weekly test message to each published address is answered.', '07-20 00:00')]


def answers_of(case, incident, owner_text):
    case.part(incident, 'owner', 'NETLOCK Kft.', owner_code='A000039')
    case.part(incident, 'description', owner_text)
    case.part(incident, 'policies', 'TLS Baseline Requirements 2.2.6, section 4.9.5')


def open_case(case, title, kind='problem_report', **fields):
    made = case.manager.post('/v1/incidents', {
        'type': kind, 'impact': 'medium', 'urgency': 'high', 'source': 'third_party_reported', 'title': title, 'summary': title, 'tracks': ['public'],
        'certificates': ['tls'], 'aware': case.at('06-28 09:12'), 'aware_reason': 'the compliance team read bug 2051459', **fields}).expect(201)['id']
    for role, person in (('lead', case.manager), ('approver', case.officer)):
        case.post(made, '/roles', {'role': role, 'user_id': person.user_id}, 200, case.admin)
    for state in ('triage', 'confirmed'):
        case.post(made, '/move', {'state': state, 'comment': 'because'}, 200)
    return made


def first_bug(case):
    """What the researcher filed, and our first answer to it."""
    case.tracker.made = 0
    _, made = case.tracker.file({'product': 'CA Program', 'component': 'CA Certificate Compliance', 'summary': 'NETLOCK: OCSP error, report not answered',
                                 'version': 'other', 'type': 'task', 'description': 'I reported an OCSP error on 10 June and nobody answered.'})
    bug = case.tracker.bugs[made['id']]
    bug['creator'] = bug['comments'][0]['creator'] = 'researcher@example.net'
    case.go('06-28 09:30')
    incident = open_case(case, 'OCSP responder answered with an error', 'status_failure')
    case.post(incident, '/bug', {'number': made['id']})
    answers_of(case, incident, 'The OCSP responder answered with an error for a time.')
    case.part(incident, 'known_impact', 'Status could not be checked; how many certificates is being looked into.')
    case.go('06-28 15:00')
    text = case.publish(incident, 'preliminary', 'comment')
    assert made['id'] == 2051459 and '## Preliminary Incident Report' in bug['comments'][1]['text']
    compare('intake-failure-preliminary.md', case.back(text))
    return incident, bug


def late_report(case, first):
    """The second cause is a case of its own: the clock of the report began at its receipt."""
    case.record(first, 'second_cause_found', '06-28 16:00', detail='the report of 10 June lay in the spam folder', subject='intake')
    incident = open_case(case, 'Certificate problem report not answered in 24 hours')
    case.record(incident, 'report_received', '06-10 23:48', subject='cpr-1', detail='by mail, into the spam folder')
    duties = case.duties(incident)
    for name in ('r1-findings-reporter', 'r1-findings-subscriber'):
        assert duties[name]['start'].startswith(case.at('06-10 23:48')[:16]) and duties[name]['deadline'].startswith(case.at('06-11 23:48')[:16])
        assert duties[name]['state'] == 'overdue', 'the clock began at the receipt, not when somebody read it'
    assert duties['p1-first-disclosure']['start_kind'] == 'report_received', 'the earliest time that can be argued for'
    case.record(incident, 'cause_introduced', '05-04 08:00', detail='the mail gateway was replaced; its spam folder is watched by nobody')
    case.record(incident, 'non_compliance_started', '06-11 23:48', detail='the 24 hours ended')
    case.record(incident, 'findings_sent_reporter', '06-26 14:05', subject='cpr-1', detail='first reply, sixteen days later')
    case.record(incident, 'findings_sent_subscriber', '06-28 17:30', subject='cpr-1', detail='the subscriber was told')
    case.record(incident, 'non_compliance_ended', '06-28 17:30', detail='both parties were answered')
    assert {case.duties(incident)[n]['state'] for n in ('r1-findings-reporter', 'r1-findings-subscriber')} == {'met_late'}
    return incident


def full_account(case, incident):
    answers_of(case, incident, 'A problem report of 10 June was delivered into a spam folder and answered sixteen days later.')
    case.part(incident, 'known_impact', 'One report; no certificate was misissued.')
    case.part(incident, 'certificate_types', 'OV')
    case.part(incident, 'heuristic', 'Every message to the published addresses since 4 May, spam folders included, was read.')
    case.part(incident, 'issuance_stop', 'Issuance is not what failed.', answer=False)
    case.part(incident, 'related_search', 'Bugzilla, CA Certificate Compliance, "problem report".', other_owners=True,
              opened=(datetime.datetime(2024, 6, 1) + case.shift).strftime('%Y-%m-%dT00:00:00Z'))
    for number, day, text in (('1967929', (2025, 5, 22), 'KIR: two problem reports were not answered in time'),
                              ('1905509', (2024, 6, 30), 'NETLOCK: a problem report was not answered in time')):
        opened = (datetime.datetime(*day) + case.shift).strftime('%Y-%m-%dT00:00:00Z')
        case.part(incident, 'related', text, title=text, url=f'https://bugzilla.mozilla.org/show_bug.cgi?id={number}', reference=number, opened=opened)
    cause = case.part(incident, 'cause', 'The gateway files reports from unknown senders as spam, and no channel reads that folder.', title='Spam folder outside monitoring',
                      timeline='Since the gateway was replaced.', detection='By the public bug; no test message ever looked like a report.', methodology='Five whys')
    wrong = case.part(incident, 'went_wrong', 'Secondary inboxes received a copy and did not recognise it.')
    case.part(incident, 'went_well', 'Once known, both parties were answered on the same day.')
    case.part(incident, 'lucky', 'The reporter went public instead of giving up.')
    made = []
    for title, kind, criterion, due in ACTIONS:
        content = {'text': title + '.', 'title': title, 'action_kind': kind, 'criterion': criterion, 'due': case.at(due), 'status': 'ongoing',
                   'answers': [cause['number'], wrong['number']], 'owner_id': case.worker.user_id}
        made.append(case.post(incident, '/parts', {'kind': 'action', 'content': content}))
    certificate = case.instance.issue(['ocsp.netlock.example'])
    case.post(incident, '/scopes', {'serials': [certificate['serial']], 'comment': 'the certificate of the report'})
    return made, certificate


def file_both(case, incident):
    """Preliminary as the bug, full as its comment, the list attached."""
    case.tracker.made = 2052541 - 2051458 - 1
    case.go('06-30 10:00')
    case.publish(incident, 'preliminary', 'file')
    bug = case.tracker.bugs[2052541]
    assert bug['summary'] == 'NETLOCK Kft.: Certificate problem report not answered in 24 hours'
    case.go('07-07 12:00')
    assert case.gaps(incident, 'full') == []
    text = case.publish(incident, 'full', 'comment')
    check_template(text.rsplit('\n\nReference: ', 1)[0])
    compare('intake-failure-full.md', case.back(text))
    assert case.duties(incident)['p2-full-report']['state'] == 'met'
    case.say(incident, 'attachment')
    return bug


def check_list(case, incident, certificate):
    rows = list(csv.reader(io.StringIO(case.manager.get(f'/v1/incidents/{incident}/certificate-list').body.decode())))
    assert rows[0] == COLUMNS and len(rows) == 2
    assert rows[1][1] == certificate['sha256'] and rows[1][6] == certificate['serial']
    assert rows[1][8] in ('Yes', 'Planned', 'Delayed', 'N/A (expired)')


def questions(case, incident, bug):
    case.tracker.say(bug, 'Do you test your other addresses?', 'chrome@root.example')
    bug.update(status='ASSIGNED', whiteboard='[ca-compliance] [policy-failure] Next update ' + case.at('07-25 00:00')[:10])
    case.go('07-08 12:00')
    timeline = lambda kind: [e for e in case.manager.get(f'/v1/incidents/{incident}/timeline?limit=500').expect(200)['items'] if e['kind'] == kind]  # noqa: E731
    wait_for(lambda: timeline('comment_received'), 'the question', limit_s=60)
    number = timeline('comment_received')[0]['subject'].removeprefix('comment-')
    assert 'comment-unanswered' in {g['gate'] for g in case.gaps(incident, 'closure')}
    case.go('07-09 09:00')
    case.say(incident, 'answer', text='Every week from 20 July on, as the second action item says.', comments=[int(number)])
    assert case.duties(incident)['p3-answer-comment']['state'] == 'met'
    assert 'comment-unanswered' not in {g['gate'] for g in case.gaps(incident, 'closure')}


def remedy(case, incident, actions):
    case.go('07-21 10:00')
    for part in actions:
        content = {**part['content'], 'status': 'complete'}
        case.post(incident, '/parts/change', {'number': part['number'], 'version': 1, 'content': content}, 200)
        check = {'number': part['number'], 'version': 2, 'comment': 'Sent a message that looks like spam.'}
        assert case.worker.post(f'/v1/incidents/{incident}/parts/validate', check).problem(403)['rule'] == 'remediator-validates'
        case.post(incident, '/parts/validate', check, 200, case.officer)
    case.go('07-22 10:00')
    compare('intake-failure-update.md', case.back(case.publish(incident, 'update', 'comment')))
    case.part(incident, 'root_cause_summary', 'A folder that nobody read was in the way of a published address.')
    case.part(incident, 'remediation', 'The folder is a monitored channel; a test message comes every week.')
    case.part(incident, 'commitments', 'The weekly test message stays.')


def close(case, incident, bug):
    case.go('08-03 10:00')
    assert case.gaps(incident, 'closure') == []
    compare('intake-failure-closure.md', case.back(case.publish(incident, 'closure', 'closure')))
    assert bug['flags'][0]['requestee'] == 'incident-reporting@ccadb.example'
    bug.update(status='RESOLVED', resolution='FIXED')
    case.go('08-12 10:00')
    wait_for(lambda: case.manager.get(f'/v1/incidents/{incident}/bug').expect(200).get('status') == 'RESOLVED', 'the end', limit_s=60)
    case.post(incident, '/move', {'state': 'contained', 'comment': 'because'}, 200)
    for state in ('remediated', 'recovered'):
        case.post(incident, '/move', {'state': state, 'comment': 'because'}, 200)
    case.post(incident, '/move', {'state': 'validated', 'comment': 'because'}, 200, case.officer)
    case.post(incident, '/sign-offs/security', {'comment': 'read the folder'}, 201, case.officer)
    case.post(incident, '/sign-offs/operations', {'comment': 'runs'}, 201, case.lead)
    for duty in case.manager.get(f'/v1/incidents/{incident}/duties').expect(200)['items']:
        if duty['state'] in ('pending', 'overdue') and duty['obligation'] == 'must':
            case.manager.post(f'/v1/incidents/{incident}/duties/meet', {'key': duty['key'], 'proof': 'https://bugzilla.mozilla.org/2052541'})
    assert case.post(incident, '/move', {'state': 'closed', 'comment': 'done'}, 200, case.officer)['state'] == 'closed'


def test_from_an_unread_report_to_closure(case):
    case.go('06-10 23:50')
    first, _ = first_bug(case)
    case.go('06-28 18:00')
    incident = late_report(case, first)
    actions, certificate = full_account(case, incident)
    bug = file_both(case, incident)
    case.record(first, 'separate_report_posted', '07-07 12:00', subject='intake', proof='bug 2052541')
    check_list(case, incident, certificate)
    questions(case, incident, bug)
    remedy(case, incident, actions)
    close(case, incident, bug)
    assert len(case.tracker.bugs) == 2 and case.tracker.made == 2052541 - 2051458
