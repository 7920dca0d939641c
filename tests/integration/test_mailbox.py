"""Problem reports by mail, against a real IMAP server: each becomes a report with a receipt, once, whatever dies; and a mailbox that falls
silent is an alert."""
import os

import pytest

from harness import imap
from harness.imap import letter
from harness.instance import wait_for
from harness.notices import settings
from harness.smtp import Sink

pytestmark = pytest.mark.skipif(not imap.available(), reason='dovecot-imapd is not installed')


@pytest.fixture
def sink():
    made = Sink()
    yield made
    made.stop()


@pytest.fixture
def server():
    made = imap.Server()
    yield made
    made.destroy()


@pytest.fixture
def world(make_instance, sink):
    instance = make_instance(drill=True, settings=settings(sink.port)).start()
    instance.enroll_admin()
    return instance


def until(condition):
    wait_for(condition, 'what the mailbox brings', 100)


def rows(instance, path):
    """A list, also while core comes back: then the gate says 502 or 503."""
    page = None

    def answered():
        nonlocal page
        page = instance.admin.get(path + '?limit=500')
        return page.status not in (502, 503)
    until(answered)
    return page.expect(200)['items']


def add(instance, server, **more):
    return instance.admin.post('/v1/mailboxes', server.mailbox(**more)).expect(201)


def state(instance, mailbox):
    return next(m for m in rows(instance, '/v1/mailboxes') if m['id'] == mailbox['id'])


def messages(instance, mailbox):
    return rows(instance, f'/v1/mailboxes/{mailbox["id"]}/messages')


def arrived(instance, mailbox, count):
    until(lambda: len(messages(instance, mailbox)) >= count)
    found = messages(instance, mailbox)
    assert len(found) == count
    return found


def read_again(instance, mailbox):
    """Waits until a reading that began after this call has ended."""
    for _ in range(2):
        before = state(instance, mailbox).get('checked', '')
        until(lambda: state(instance, mailbox).get('checked', '') > before)


def titles(instance):
    return [i['title'] for i in rows(instance, '/v1/incidents')]


def advance(instance, hours):
    offset = instance.admin.get('/v1/system/clock').expect(200)['offset_s']
    instance.admin.post('/v1/system/clock', {'offset_s': offset + int(hours * 3600)}).expect(200)


def test_a_mail_becomes_a_report_with_a_receipt(world, server, sink):
    raw = letter(subject='Falsche Namen: ü', text='www.example.org\nhas them.\n')
    server.put(raw)
    server.put(letter(subject='In the spam folder', sender='s@example.net'), 'Junk')
    mailbox = add(world, server)
    found = {m['folder']: m for m in arrived(world, mailbox, 2)}
    mail = found['INBOX']
    (report,) = world.admin.get(f'/v1/incidents/{mail["incident_id"]}/reports').expect(200)['items']
    assert report['id'] == mail['report_id'] and report['reporter'] == 't@example.org' and report['may_be_named'] is False
    assert report['problem'] == 'By mail: Falsche Namen: ü\n\nwww.example.org\nhas them.\n'
    evidence = world.admin.get(f'/v1/mailboxes/{mailbox["id"]}/messages/{mail["id"]}')
    assert evidence.body.replace(b'\r\n', b'\n') == raw and evidence.header('content-type') == 'message/rfc822'
    # The receipt acknowledges; findings are owed all the same.
    until(lambda: sink.count >= 2)
    receipt = next(one for one in sink.letters if one.address == 't@example.org')
    assert mail['report_id'] in receipt.text and mail['report_id'] in receipt.subject
    assert receipt.message['Auto-Submitted'] == 'auto-replied'
    assert receipt.message['In-Reply-To'].encode() in raw.replace(b'\n ', b' ')
    until(lambda: {m['receipt'] for m in messages(world, mailbox)} == {'sent'})
    duties = {d['key'].split('/')[1]: d['state'] for d in
              world.admin.get(f'/v1/incidents/{mail["incident_id"]}/duties').expect(200)['items']}
    assert duties['acknowledge-report'] == 'met' and duties['r1-findings-reporter'] == 'pending'
    actions = [e['action'] for e in world.admin.get(f'/v1/audit/entries?object_id={mail["incident_id"]}').expect(200)['items']]
    assert sorted(actions) == ['incident.report', 'incident.report.receipt']
    assert state(world, mailbox)['state'] == 'reachable'
    # The password goes in and never out.
    assert imap.PASSWORD not in str(world.admin.get('/v1/mailboxes').expect(200))


def test_each_message_counts_once(world, server, sink):
    raw, nameless = letter(), letter(Message_ID=None)
    for octets in (raw, raw, nameless, nameless):
        server.put(octets)
    server.put(raw, 'Junk')
    mailbox = add(world, server)
    arrived(world, mailbox, 2)
    read_again(world, mailbox)
    server.renumber()
    server.put(letter(subject='a third'))
    arrived(world, mailbox, 3)
    read_again(world, mailbox)
    arrived(world, mailbox, 3)
    until(lambda: sink.count >= 3)
    # Ended and added anew: everything is read again, nothing is taken again.
    world.admin.post(f'/v1/mailboxes/{mailbox["id"]}/end').expect(200)
    world.admin.post(f'/v1/mailboxes/{mailbox["id"]}/end').problem(409)
    other = add(world, server)
    server.put(letter(subject='a fourth'))
    arrived(world, other, 1)
    read_again(world, other)
    assert len(titles(world)) == 4


@pytest.mark.parametrize('headers', [{'Auto_Submitted': 'auto-replied'}, {'Precedence': 'bulk'}, {'List_Id': '<x.example.org>'},
                                     {'From': 'notices@ca.example'}, {'From': 'a@example.org, b@example.org'}, {'From': None}])
def test_nobody_answers_a_machine(world, server, sink, headers):
    server.put(letter(**headers))
    server.put(letter(sender='person@example.org'))
    mailbox = add(world, server)
    arrived(world, mailbox, 2)
    until(lambda: sorted(m['receipt'] for m in messages(world, mailbox)) == ['none', 'sent'])
    assert [one.address for one in sink.letters] == ['person@example.org']


def test_odd_messages_are_kept(world, server):
    """Nothing that arrives is refused: what cannot be read is a report that says so, with its octets."""
    big = letter(text='x' * 70 + '\n') + b'y' * 400000
    for octets in (b'', b'no headers at all', bytes(range(256)) * 20, letter(Subject='=?utf-8?b?/////w==?='), big,
                   b'Content-Type: multipart/mixed; boundary=a\n\n' + b'--a\nContent-Type: multipart/mixed; boundary=a\n\n' * 500,
                   b'Subject: latin\nContent-Type: text/plain; charset=iso-8859-1\n\nGr\xfc\xdfe\n',
                   b'Subject: html\nContent-Type: text/html\n\n<p>Names of <b>another</b></p>\n'):
        server.put(octets)
    mailbox = add(world, server)
    found = arrived(world, mailbox, 8)
    assert [m['cut'] for m in found].count(True) == 1
    problems = [world.admin.get(f'/v1/incidents/{m["incident_id"]}/reports').expect(200)['items'][0]['problem'] for m in found]
    assert any('Grüße' in p for p in problems) and any(p.strip().endswith('Names of another') for p in problems)


@pytest.mark.limit(300)
def test_kill_while_reading_loses_nothing_and_takes_nothing_twice(make_instance, server, sink):
    count = 30
    for i in range(count):
        server.put(letter(subject=f'report {i}', sender=f'r{i}@example.org'), 'Junk' if i % 3 == 0 else 'INBOX')
    instance = make_instance(settings=settings(sink.port)).start()
    instance.enroll_admin()
    mailbox = add(instance, server)
    for victim, seen in (('core', 2), ('outbound', 8), ('core', 16)):
        until(lambda: len(messages(instance, mailbox)) >= seen)
        instance.kill(victim)
    found = arrived(instance, mailbox, count)
    until(lambda: {m['receipt'] for m in messages(instance, mailbox)} == {'sent'})
    assert len({m['report_id'] for m in found}) == len({m['incident_id'] for m in found}) == count
    assert len(titles(instance)) == count
    # A receipt that the relay took when outbound died may go again, with the same Message-ID (outbound/mail.h).
    assert {one.address for one in sink.letters} == {f'r{i}@example.org' for i in range(count)}
    assert len({one.id for one in sink.letters}) == count


@pytest.mark.parametrize('step', ['mail-fetched', 'mail-stored', 'receipt-sent'])
def test_death_at_each_step(make_instance, server, sink, step):
    instance = make_instance(settings=settings(sink.port))
    os.environ['CX_FAULT_KILL'] = step
    try:
        instance.start()
    finally:
        del os.environ['CX_FAULT_KILL']
    instance.enroll_admin()
    for i in range(3):
        server.put(letter(subject=f'report {i}', sender=f'r{i}@example.org'))
    mailbox = add(instance, server)
    until(lambda: [m['receipt'] for m in messages(instance, mailbox)] == ['sent'] * 3)
    assert len(titles(instance)) == 3
    assert sorted(one.address for one in sink.letters) == ['r0@example.org', 'r1@example.org', 'r2@example.org'], 'each was told once'


def test_the_self_test(world, server, sink):
    mailbox = add(world, server, self_test_hours=24)
    until(lambda: 'test_sent' in state(world, mailbox))
    (test,) = sink.letters
    assert test.address == 'reports@ca.example'
    server.put(test.message.as_bytes(), 'Junk')
    until(lambda: 'test_seen' in state(world, mailbox))
    advance(world, 2)
    read_again(world, mailbox)
    assert titles(world) == [] and messages(world, mailbox) == [], 'the test is no report'
    # The next one is not delivered: an alert after an hour, one and no more.
    advance(world, 23)
    until(lambda: sink.count == 2)
    assert 'test_seen' not in state(world, mailbox)
    advance(world, 1.1)
    until(lambda: titles(world) == ['The self-test mail did not arrive: reports'])
    read_again(world, mailbox)
    (incident,) = world.admin.pages('/v1/incidents')
    assert incident['source'] == 'self_reported'


def doctor(instance):
    lines = instance.cli('doctor', '--data', instance.data, '--json').json()['items']
    return [(line['verdict'], line['text']) for line in lines if line['check'] == 'mailbox']


def test_a_mailbox_that_cannot_be_read_is_an_alert(world, server):
    assert doctor(world) == [], 'nothing to say without a mailbox'
    mailbox = add(world, server)
    until(lambda: state(world, mailbox)['state'] == 'reachable')
    ((verdict, text),) = doctor(world)
    assert verdict == 'ok' and text.endswith('problem-report mailbox reports reachable')
    server.stop()
    until(lambda: state(world, mailbox)['state'] == 'failing')
    ((verdict, text),) = doctor(world)
    assert verdict == 'fail' and 'is not reachable: INBOX' in text
    assert titles(world) == []
    advance(world, 0.6)
    until(lambda: titles(world) == ['A problem-report mailbox cannot be read: reports'])
    server.start()
    server.put(letter())
    until(lambda: state(world, mailbox)['state'] == 'reachable')
    arrived(world, mailbox, 1)


@pytest.mark.parametrize('wrong, text', [
    ({'password': 'wrong'}, 'refused user and password'), ({'folders': ['Nowhere']}, 'Nowhere'), ({'ca': None}, 'certificate'),
    ({'host': '192.0.2.1'}, 'not public')])
def test_what_is_wrong_is_said(world, server, wrong, text):
    document = {k: v for k, v in server.mailbox(**wrong).items() if v is not None}
    mailbox = world.admin.post('/v1/mailboxes', document).expect(201)
    until(lambda: state(world, mailbox)['state'] == 'failing')
    assert text in state(world, mailbox)['failure']


def test_what_is_refused(instance, admin, server):
    assert admin.post('/v1/mailboxes', server.mailbox(self_test_hours=1)).problem(422)['field'] == 'self_test_hours'
    assert admin.post('/v1/mailboxes', server.mailbox(folders=['INBOX', 'INBOX'])).problem(422)['field'] == 'folders'
    people = instance.people()
    people['auditor'].get('/v1/mailboxes').expect(200)
    people['auditor'].post('/v1/mailboxes', server.mailbox()).problem(403)
    people['requester'].get('/v1/mailboxes').problem(403)
    admin.get('/v1/mailboxes/mbx_' + '0' * 26 + '/messages').problem(404)
    admin.post('/v1/mailboxes/mbx_' + '0' * 26 + '/end').problem(404)
