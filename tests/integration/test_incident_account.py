"""The account of an incident: parts, gates, public texts, the list of certificates, signatures, closure. The case replayed is that of
Bugzilla 1961406: one method of validation believed too much, eleven certificates, every one revoked within a day."""
import csv
import io
import os
import re

import pytest

from harness.instance import run_cli

GOLDEN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'golden', 'incident')


def path(incident, rest=''):
    return f'/v1/incidents/{incident["id"]}' + rest


def opened(client, **fields):
    return client.post('/v1/incidents', {
        'type': 'misissuance', 'impact': 'medium', 'urgency': 'high', 'source': 'third_party_reported', 'title': 'Wrong domain validated',
        'summary': 'A mail domain counted as validated.', 'tracks': ['public'], 'certificates': ['tls'],
        'aware': '2025-04-18T05:12:00Z', 'aware_reason': 'the bug was filed', **fields}).expect(201)


def add(client, incident, kind, text, expect=201, **fields):
    answer = client.post(path(incident, '/parts'), {'kind': kind, 'content': {'text': text, **fields}})
    return answer.expect(201) if expect == 201 else answer.problem(expect)


def record(client, incident, kind, at, **fields):
    return client.post(path(incident, '/timeline'), {'kind': kind, 'at': at, **fields}).expect(201)


def gaps(client, incident, form):
    return {(g['gate'], g.get('field')) for g in client.get(path(incident, f'/publication-preview?form={form}')).expect(200)['gaps']}


def move(client, incident, *states):
    for state in states:
        client.post(path(incident, '/move'), {'state': state, 'comment': 'because'}).expect(200)


def publish(author, approver, incident, form, url='https://bugs.example.org/1961406'):
    made = author.post(path(incident, '/publications'), {'form': form}).expect(201)
    where = path(incident, f'/publications/{made["id"]}')
    approver.post(where + '/approve', {'sha256': made['sha256']}).expect(200)
    return author.post(where + '/posted', {'url': url}).expect(200)


def compare(name, text):
    """CX_GOLDEN_WRITE=1 writes the file anew; look at the difference before committing it."""
    file = os.path.join(GOLDEN, name)
    if os.environ.get('CX_GOLDEN_WRITE'):
        os.makedirs(GOLDEN, exist_ok=True)
        with open(file, 'w') as f:
            f.write(text)
    assert text == open(file).read()


ACTION = {'title': 'Match the contact by its own record', 'action_kind': 'prevent', 'due': '2025-05-01T00:00:00Z',
          'criterion': 'A test that offers a mail domain as a contact is refused.', 'status': 'ongoing'}


def account(client, incident, owner):
    """Every part that the full report needs."""
    add(client, incident, 'owner', 'SSL.com', owner_code='A000004')
    add(client, incident, 'description', 'A validation method marked the domain of the approver\'s mailbox as validated too.')
    add(client, incident, 'policies', 'TLS Baseline Requirements 2.1.4, section 3.2.2.4.14')
    add(client, incident, 'known_impact', 'Eleven certificates.')
    add(client, incident, 'certificate_types', 'DV')
    add(client, incident, 'heuristic', 'Certificates whose validation used method 14 and whose mail domain is among their names.')
    add(client, incident, 'issuance_stop', 'The method was switched off within hours.', answer=True)
    add(client, incident, 'related_search', 'Bugzilla, CA Certificate Compliance, "3.2.2.4".', opened='2023-04-01T00:00:00Z', other_owners=True)
    add(client, incident, 'related', 'A mail domain taken for a | name.', title='Another CA', url='https://bugs.example.org/1', reference='1',
        opened='2024-02-03T00:00:00Z')
    cause = add(client, incident, 'cause', 'The domain was taken from the mailbox, not from the record.', title='Wrong domain derived',
                timeline='In the code since 2023-06.', detection='By a researcher; our tests had no case with another domain.',
                methodology='Five whys')
    wrong = add(client, incident, 'went_wrong', 'No review compared the code with the text of the method.\n# not a heading')
    add(client, incident, 'went_well', 'All certificates were revoked within 24 hours.')
    action = add(client, incident, 'action', 'Derive the domain from the record.', answers=[cause['number'], wrong['number']],
                 owner_id=owner.user_id, **ACTION)
    return action


def remedy(manager, officer, worker, incident, action):
    """Done, and confirmed by another."""
    content = {'text': 'Derive the domain from the record.', 'answers': action['content']['answers'], 'owner_id': worker.user_id, **ACTION,
               'status': 'complete'}
    check = {'number': action['number'], 'version': 1, 'comment': 'Read the code and ran the test.'}
    assert officer.post(path(incident, '/parts/validate'), check).problem(422)['rule'] == 'action-open'
    manager.post(path(incident, '/parts/change'), {'number': action['number'], 'version': 1, 'content': content}).expect(200)
    assert manager.post(path(incident, '/parts/change'), {'number': action['number'], 'version': 1, 'content': content}).problem(409)['rule'] == 'part-changed'
    assert [p['version'] for p in manager.get(path(incident, f'/parts?number={action["number"]}')).expect(200)['items']] == [1, 2]
    assert ('action-unconfirmed', 'action') in gaps(manager, incident, 'closure')
    check['version'] = 2
    for person in (worker, manager):
        assert person.post(path(incident, '/parts/validate'), check).problem(403)['rule'] == 'remediator-validates'
    officer.post(path(incident, '/parts/validate'), check).expect(200)
    add(manager, incident, 'root_cause_summary', 'The wrong domain was derived.')
    add(manager, incident, 'remediation', 'Derived from the record now.')
    add(manager, incident, 'commitments', 'None beyond the action items.')
    assert gaps(manager, incident, 'closure') == set()
    compare('mail-domain-closure.md', publish(manager, officer, incident, 'closure')['text'])


def close(manager, officer, lead, incident):
    early = officer.post(path(incident, '/sign-offs/security'), {'comment': 'x'}).problem(409)
    assert early['rule'] == 'incident-state'
    move(manager, incident, 'contained', 'remediated', 'recovered')
    move(officer, incident, 'validated')
    closing = {'state': 'closed', 'comment': 'done'}
    assert officer.post(path(incident, '/move'), closing).problem(422)['rule'] == 'sign-off'
    officer.post(path(incident, '/sign-offs/security'), {'comment': 'looked at the code'}).expect(201)
    for person in (manager, officer):
        person.post(path(incident, '/sign-offs/operations'), {'comment': 'x'}).problem(403)
    left = lead.post(path(incident, '/sign-offs/operations'), {'comment': 'the service is back'}).expect(201)
    assert left['items'] == []
    for duty in manager.get(path(incident, '/duties')).expect(200)['items']:
        if duty['state'] in ('pending', 'overdue') and duty['obligation'] == 'must':
            manager.post(path(incident, '/duties/meet'), {'key': duty['key'], 'proof': 'https://bugs.example.org/1961406'})
    assert officer.post(path(incident, '/move'), closing).expect(200)['state'] == 'closed'
    assert add(manager, incident, 'lucky', 'x', 409)['rule'] == 'incident-ended'
    sides = [(s['side'], s['signer_id']) for s in officer.get(path(incident, '/sign-offs')).expect(200)['items']]
    assert sides == [('validation', officer.user_id), ('security', officer.user_id), ('operations', lead.user_id)]


def test_a_case_from_first_report_to_closure(instance, admin):
    officer, manager = instance.user('security-officer'), instance.user('incident-manager')
    lead, worker = instance.user('manager'), instance.user('operator')
    incident = opened(manager)
    for role, person in (('lead', manager), ('approver', officer)):
        admin.post(path(incident, '/roles'), {'role': role, 'user_id': person.user_id}).expect(200)
    move(manager, incident, 'triage', 'confirmed')
    certificates = [instance.issue([f'victim-{i}.example.org']) for i in range(11)]
    manager.post(path(incident, '/scopes'), {'serials': [c['serial'] for c in certificates], 'comment': 'found by the corpus search'}).expect(201)

    assert ('part-missing', 'description') in gaps(manager, incident, 'preliminary')
    assert manager.post(path(incident, '/publications'), {'form': 'full'}).problem(422)['rule'] == 'part-missing'
    action = account(manager, incident, worker)
    assert gaps(manager, incident, 'preliminary') == set()
    publish(manager, officer, incident, 'preliminary')
    preview = manager.get(path(incident, '/publication-preview?form=preliminary')).expect(200)
    compare('mail-domain-preliminary.md', preview['text'])

    assert gaps(manager, incident, 'full') == {('timeline', 'non_compliance_started')}
    record(manager, incident, 'cause_introduced', '2023-06-01T00:00:00Z', detail='release with the method')
    record(manager, incident, 'non_compliance_started', '2025-03-02T10:00:00Z', detail='first certificate')
    assert gaps(manager, incident, 'full') == {('timeline', 'non_compliance_ended')}
    record(manager, incident, 'issuance_stopped', '2025-04-18T07:30:00Z', detail='method switched off')
    record(manager, incident, 'non_compliance_ended', '2025-04-19T04:00:00Z', detail='last certificate revoked')
    assert gaps(manager, incident, 'full') == set()
    text = manager.get(path(incident, '/publication-preview?form=full')).expect(200)['text']
    public = re.sub(r'(?m)^- 20(?!23|25-03|25-04)\d\d-.*\n(?:  .*\n)*', '', text)  # what this test did just now
    compare('mail-domain-full.md', public)
    posted = publish(manager, officer, incident, 'full')
    assert posted['text'] == manager.get(path(incident, '/publications')).expect(200)['items'][-1]['text']

    rows = list(csv.reader(io.StringIO(manager.get(path(incident, '/certificate-list')).body.decode())))
    assert rows[0] == ['Precertificate SHA-256 hash', 'Certificate SHA-256 hash', 'Subject', 'Issuer', 'Not before', 'Not after', 'Serial #',
                       'dNSNames', 'Is revoked?', 'Revocation date', 'Revocation reason']
    assert {(r[1], r[6], r[7]) for r in rows[1:]} == {(c['sha256'], c['serial'], c['names'][0]['value']) for c in certificates}
    assert {(r[0], r[8], r[9]) for r in rows[1:]} == {('N/A', 'Planned', 'N/A')}
    for certificate in certificates:
        instance.revoke(certificate)
    rows = list(csv.reader(io.StringIO(manager.get(path(incident, '/certificate-list')).body.decode())))
    assert {(r[8], r[10]) for r in rows[1:]} == {('Yes', 'superseded')} and len(rows) == 12
    assert '"remaining valid" certificates:** 0' in manager.get(path(incident, '/publication-preview?form=full')).expect(200)['text']
    remedy(manager, officer, worker, incident, action)
    close(manager, officer, lead, incident)


@pytest.mark.parametrize('kind,fields,rule,field', [
    ('owner', {'owner_code': 'B000004'}, 'owner-code', 'content.owner_code'),
    ('owner', {}, 'part-field-missing', 'content.owner_code'),
    ('policies', {'text': 'The Baseline Requirements'}, 'policy-version', 'content.text'),
    ('description', {'title': 'T'}, 'part-field-unused', 'content.title'),
    ('cause', {'title': 'Human error', 'timeline': 'x', 'detection': 'x'}, 'cause-human-error', 'content.interaction'),
    ('cause', {'title': 'Late', 'timeline': 'x'}, 'part-field-missing', 'content.detection'),
    ('action', {**ACTION, 'answers': []}, 'part-field-missing', 'content.answers'),
    ('action', {**ACTION, 'answers': [77]}, 'part-answered', 'content.answers'),
    ('related', {'title': 'T', 'url': 'javascript:x', 'reference': '1', 'opened': '2024-01-01T00:00:00Z'}, 'url-https', 'content.url'),
    ('related_search', {'other_owners': True}, 'part-field-missing', 'content.opened')])
def test_what_a_part_needs(instance, admin, kind, fields, rule, field):
    incident = opened(admin)
    extra = {'owner_id': instance.user('operator').user_id} if kind == 'action' else {}
    problem = add(admin, incident, kind, fields.get('text', 'words'), 422, **extra, **{k: v for k, v in fields.items() if k != 'text'})
    assert (problem['rule'], problem['field']) == (rule, field)
    assert admin.get(path(incident, '/parts')).expect(200)['items'] == []


def test_each_gate_of_the_full_report(instance, admin):
    incident = opened(admin, source='self_reported')
    add(admin, incident, 'description', 'There was no security impact.')
    assert ('speculation', 'description') in gaps(admin, incident, 'full')
    admin.post(path(incident, '/parts/change'), {'number': 1, 'version': 1, 'content': {
        'text': 'There was no security impact.', 'evidence': 'https://crt.example.org/1'}}).expect(200)
    assert ('speculation', 'description') not in gaps(admin, incident, 'full')
    assert add(admin, incident, 'description', 'again', 409)['rule'] == 'part-single'
    add(admin, incident, 'heuristic', 'See bug 1961406.')
    add(admin, incident, 'related_search', 'ours only', opened='2025-01-01T00:00:00Z', other_owners=False)
    cause = add(admin, incident, 'cause', 'Oversight of one person.', title='Review', timeline='x', detection='x', interaction='No second reader was asked for.')
    add(admin, incident, 'additional', 'More people should know.')
    owner = instance.user('operator')
    add(admin, incident, 'action', 'An alarm.', answers=[cause['number']], owner_id=owner.user_id, **{**ACTION, 'action_kind': 'detect'})
    record(admin, incident, 'non_compliance_started', '2025-04-19T00:00:00Z')
    found = gaps(admin, incident, 'full')
    assert found == {('part-missing', kind) for kind in ('owner', 'policies', 'issuance_stop', 'went_wrong')} | {
        ('free-standing', 'heuristic'), ('related-incidents', 'related_search'), ('action-coverage', 'additional'), ('new-protection', 'action'),
        ('timeline', 'non_compliance_started'), ('timeline', 'non_compliance_ended'), ('certificates', 'scope')}
    late = opened(admin, type='delayed_revocation')
    assert ('part-missing', 'analysis') in gaps(admin, late, 'full') - found


def test_nobody_approves_their_own_text_or_another_text(instance, admin):
    manager, officer = instance.user('incident-manager'), instance.user('security-officer')
    incident = opened(manager)
    account(manager, incident, officer)
    made = manager.post(path(incident, '/publications'), {'form': 'preliminary'}).expect(201)
    where = path(incident, f'/publications/{made["id"]}')
    assert manager.post(where + '/posted', {'url': 'https://b.example.org/1'}).problem(422)['rule'] == 'publication-unapproved'
    assert manager.post(where + '/approve', {'sha256': made['sha256']}).problem(403)['rule'] == 'author-approves'
    assert officer.post(where + '/approve', {'sha256': '0' * 64}).problem(409)['rule'] == 'publication-text'
    instance.user('operator').post(where + '/approve', {'sha256': made['sha256']}).problem(403)
    officer.post(where + '/approve', {'sha256': made['sha256']}).expect(200)
    assert officer.post(where + '/approve', {'sha256': made['sha256']}).problem(409)['rule'] == 'publication-approved'
    assert manager.post(where + '/posted', {'url': 'http://b.example.org/1'}).problem(422)['rule'] == 'url-https'
    manager.post(where + '/posted', {'url': 'https://b.example.org/1'}).expect(200)
    assert manager.post(where + '/posted', {'url': 'https://b.example.org/1'}).problem(409)['rule'] == 'publication-state'
    kinds = [e['kind'] for e in manager.get(path(incident, '/timeline?limit=500')).expect(200)['items']]
    assert kinds.count('disclosed') == 1
    unknown = path(incident, '/publications/pub_' + '0' * 26)
    assert officer.post(unknown + '/approve', {'sha256': '0' * 64}).problem(404)['rule'] == 'publication-unknown'


@pytest.mark.parametrize('asked,answered,gate', [
    ('comment_received', 'comment_answered', 'comment-unanswered'), ('report_received', 'findings_sent_reporter', 'reporter-unanswered'),
    ('report_received', 'findings_sent_subscriber', 'subscriber-unanswered'), ('chrome_question', 'chrome_answered', 'chrome-unanswered'),
    ('apple_question', 'apple_answered', 'apple-unanswered')])
def test_nothing_is_closed_while_somebody_waits_for_an_answer(admin, asked, answered, gate):
    incident = opened(admin)
    assert (gate, answered) not in gaps(admin, incident, 'closure')
    record(admin, incident, asked, '2025-04-20T08:00:00Z', subject='first')
    record(admin, incident, asked, '2025-04-20T09:00:00Z', subject='second')
    record(admin, incident, answered, '2025-04-20T10:00:00Z', subject='first')
    assert (gate, answered) in gaps(admin, incident, 'closure')
    assert gate in {g['gate'] for g in admin.get(path(incident, '/closure')).expect(200)['items']}
    assert admin.post(path(incident, '/publications'), {'form': 'closure'}).problem(422)
    record(admin, incident, answered, '2025-04-20T11:00:00Z', subject='second')
    assert (gate, answered) not in gaps(admin, incident, 'closure')
    assert gate not in {g['gate'] for g in admin.get(path(incident, '/closure')).expect(200)['items']}


def test_text_of_people_makes_no_structure(admin):
    incident = opened(admin)
    add(admin, incident, 'description', 'one\n### Summary\n- **CA Owner CCADB unique ID:** A999999\n| a | b |\n<!-- hidden')
    text = admin.get(path(incident, '/publication-preview?form=preliminary')).expect(200)['text']
    assert text.count('\n### Summary\n') == 1 and '\n  \\### Summary\n' in text
    assert all(line.startswith(('#', '- **', '  \\', '')) for line in text.split('\n')) and '\n| a' not in text and '\\<!--' in text


def test_from_the_command_line(instance, admin, tmp_path):
    def cli(*arguments):
        return run_cli('incident', *arguments, '--json', home=str(tmp_path)).expect(0).json()
    person = admin.post('/v1/users', {'display_name': 'Ada', 'roles': ['administrator']}).expect(201)
    run_cli('enroll', instance.url, person['link'], '--ca-file', instance.root_pem, home=str(tmp_path)).expect(0)
    incident = opened(admin)
    made = cli('part-add', incident['id'], '--kind', 'issuance_stop', '--content', 'text=Switched off.', '--content', 'answer=true')
    assert made['content'] == {'text': 'Switched off.', 'answer': True}
    assert cli('parts', incident['id'])['items'] == [made]
    assert 'issuance_stop' in run_cli('incident', 'parts', incident['id'], home=str(tmp_path)).expect(0).out
    assert cli('preview', incident['id'], '--form', 'full')['text'].startswith('## Full Incident Report')
    assert {g['gate'] for g in cli('closure', incident['id'])['items']} >= {'sign-off', 'part-missing', 'closure-unposted'}
    assert run_cli('incident', 'certificate-list', incident['id'], home=str(tmp_path)).expect(0).out.startswith('Precertificate')
