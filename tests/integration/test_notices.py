"""Customer notices: contacts, composing, approval by another, mail to a real sink, webhooks, bounces, reminders, waivers; and that after
a kill -9 nobody is missed and nobody is told twice."""
import hashlib
import hmac
import http.server
import json
import re
import ssl
import tempfile
import threading

import pytest

from harness.instance import wait_for
from harness.notices import STEPS, Scene, add_contacts, settings, tell_through_kills
from harness.oidc import self_signed
from harness.smtp import Sink

@pytest.fixture
def sink():
    made = Sink()
    yield made
    made.stop()


@pytest.fixture
def notified(make_instance, sink):
    """An instance with a relay, on a simulated clock."""
    return make_instance(drill=True, settings=settings(sink.port)).start()


def test_from_contact_to_ledger(notified, sink):
    scene = Scene(notified).confirm().contain()
    scene.contact('payments', email='pay@customer.example')
    scene.contact('shop', email='laden@customer.example', language='de')
    notice = scene.drafted()
    assert notice['recipient_count'] == 2 and 'uncovered' not in notice and sink.count == 0
    assert 'A key was published by mistake.' in notice['text'] and '/notice/cxn_' in notice['text']
    assert scene.approve(notice, scene.admin).problem(403)['rule'] == 'author-approves'
    other = scene.officer.post(scene.path(f'/notices/{notice["id"]}/approve'), {'sha256': '0' * 64})
    assert other.problem(409)['rule'] == 'notice-text'
    scene.approve(notice).expect(200)
    assert scene.approve(notice).problem(409)['rule'] == 'notice-state'
    done = scene.done(notice)
    assert done['reached_count'] == 2 and done['waiting_count'] == 0
    letters = {one.address: one for one in sink.letters}
    assert sink.count == 2 and set(letters) == {'pay@customer.example', 'laden@customer.example'}
    pay, shop = letters['pay@customer.example'], letters['laden@customer.example']
    assert 'payments.example.org' in pay.text and 'shop.example.org' not in pay.text, 'only theirs'
    assert 'shop.example.org' in shop.text and 'payments.example.org' not in shop.text
    assert 'WAS GESCHEHEN IST' in shop.text and 'issuance was stopped (entry' in pay.text
    assert 'internal words' not in pay.text and 'responsible: CertiNext operations' in pay.text
    ledger = {row['address']: row for row in scene.ledger(notice)}
    for address, one in letters.items():
        row = ledger[address]
        assert (row['state'], row['channel'], row['round']) == ('sent', 'email', 0) and row['owner_kind'] == 'group'
        assert row['sha256'] == one.sha256, 'what was stored is what was sent'
        assert one.delivery == row['delivery_id'] and one.message['Auto-Submitted'] == 'auto-generated'
    assert ledger['pay@customer.example']['owner_id'] == scene.groups['payments']
    chain = bytes(32)
    for row in sorted(ledger.values(), key=lambda r: (r['owner_id'], r['contact_id'])):
        chain = hashlib.sha256(chain + bytes.fromhex(row['sha256'])).digest()
    assert chain.hex() == notice['sha256'], 'the approved hash is over all texts'
    assert scene.kinds().count('customers_notified') == 1 and scene.duty('customer-notice')['state'] == 'met'
    shown = scene.admin.get(scene.path(f'/notices/{notice["id"]}/texts/{ledger["pay@customer.example"]["recipient_id"]}')).expect(200)
    assert shown['sha256'] == pay.sha256 and shown['text'].split('…')[0] in pay.text and shown['text'] != pay.text


def test_the_link_is_opened_and_acknowledged(notified, sink):
    scene = Scene(notified, ['payments']).confirm().contain()
    scene.contact('payments', email='pay@customer.example')
    notice = scene.sent()
    scene.done(notice)
    link = re.search(r'https://\S+(/notice/cxn_\S+)', sink.letters[0].text).group(1)
    browser = notified.anonymous()
    press = lambda act: browser.post(link, raw=f'act={act}', content_type='application/x-www-form-urlencoded')  # noqa: E731
    row = lambda: scene.ledger(notice)[0]  # noqa: E731
    assert b'Show the notice' in browser.get(link).body and 'opened' not in row(), 'a filter that follows links opens nothing'
    shown = press('open')
    assert shown.status == 200 and b'A key was published' in shown.body and 'opened' in row() and 'acknowledged' not in row()
    assert press('other').status in (400, 422)
    assert b'acknowledged' in press('acknowledge').body
    assert 'acknowledged' in row()
    again = press('open')
    assert b'A key was published' not in again.body, 'the link shows nothing any more'
    assert browser.get(link[:-1] + ('0' if link[-1] != '0' else '1')).status == 404
    scene.advance(80)
    assert all(r['round'] == 0 for r in scene.ledger(notice)) and sink.count == 1, 'no reminder for who acknowledged'


def test_what_is_refused(notified):
    scene = Scene(notified)
    for field in ('nature', 'impact', 'steps'):
        problem = scene.contain().draft(422, **{field: None})
        assert (problem['rule'], problem['field']) == ('section-empty', field)
    fresh = Scene.__new__(Scene)
    fresh.__dict__.update(scene.__dict__)
    fresh.incident = scene.admin.post('/v1/incidents', {
        'type': 'other', 'impact': 'low', 'urgency': 'low', 'source': 'self_reported', 'certificates': ['private'], 'tracks': ['customer'],
        'title': 'T', 'summary': 'S'}).expect(201)['id']
    assert fresh.draft(422)['field'] == 'containment', 'nothing was contained, and nobody can type that it was'
    assert scene.draft(422, steps=['soon; me; later'])['rule'] == 'step-due'
    assert scene.draft(422, steps=['2031-12-01T12:00:00Z; ; later'])['rule'] == 'step-owner'
    assert scene.draft(422, impact=None, unknown=['impact'])['rule'] == 'update-due-missing'
    assert scene.draft(422, scope_id='scp_' + '0' * 26)['rule'] == 'scope-unknown'
    notice = scene.drafted()
    assert set(notice['uncovered']) == set(scene.groups.values())
    assert scene.approve(notice).problem(422)['rule'] == 'customer-uncovered'
    scene.contact('payments', email='pay@customer.example')
    scene.contact('shop', email='shop@customer.example')
    assert scene.approve(notice).problem(422)['rule'] == 'customer-uncovered', 'it was composed without them'
    assert scene.approve(scene.drafted()).problem(422)['rule'] == 'incident-unconfirmed'
    long = scene.admin.post(scene.path('/notices'), {'scope_id': scene.scope_id, 'nature': '\u00e4' * 8000, 'impact': 'x' * 1000, 'steps': STEPS})
    assert long.json()['rule'] == 'notice-length'
    assert scene.contact('shop', 422, email='a@b.example', language='xx')['rule'] == 'language-unknown'
    assert scene.contact('shop', 422)['rule'] == 'channel-missing'
    assert scene.admin.post(scene.path(f'/notices/{notice["id"]}/withdraw'), None).expect(200)['state'] == 'withdrawn'
    requester = notified.people()['requester']
    requester.get('/v1/notice-contacts').problem(403)
    requester.post(scene.path(f'/notices/{notice["id"]}/approve'), {'sha256': '0' * 64}).problem(403)


def test_what_is_not_known_is_owed(notified, sink):
    scene = Scene(notified, ['payments']).confirm().contain()
    scene.contact('payments', email='pay@customer.example')
    due = scene.admin.get('/v1/system/clock').expect(200)['now']
    later = str(int(due[:4]) + 1) + due[4:19] + 'Z'
    notice = scene.sent(impact=None, unknown=['impact'], update_due=later)
    scene.done(notice)
    assert 'Not yet known.' in sink.letters[0].text and 'NEXT NOTICE' in sink.letters[0].text
    duty = scene.duty('customer-update')
    assert duty['state'] == 'pending' and duty['deadline'][:19] == later[:19]
    scene.done(scene.sent(kind='update'))
    assert scene.duty('customer-update')['state'] == 'met' and sink.count == 2


def test_dead_relay_waits_alerts_and_is_late(make_instance):
    """No relay: letters wait, one alert; when it comes the letters go, and the duty is met late."""
    sink = Sink()
    port = sink.port
    sink.stop()
    instance = make_instance(drill=True, settings=settings(port)).start()
    scene = Scene(instance, ['payments']).confirm().contain()
    scene.contact('payments', email='pay@customer.example')
    notice = scene.sent()
    wait_for(lambda: 'alert_raised' in scene.kinds(), 'the alert', 60, 0.2)
    scene.advance(30)
    wait_for(lambda: scene.ledger(notice)[0]['attempt_count'] >= 2, 'another attempt', 60, 0.2)
    assert scene.kinds().count('alert_raised') == 1 and scene.get(notice)['waiting_count'] == 1
    back = Sink(port=port)
    try:
        scene.advance(1)
        scene.done(notice)
        assert back.count == 1 and scene.duty('customer-notice')['state'] == 'met_late'
    finally:
        back.stop()


class Hook:
    """A webhook over TLS that keeps what it gets."""

    def __init__(self):
        self.folder, self.got, self.status = tempfile.TemporaryDirectory(prefix='cx-hook-'), [], 200
        self.ca = self_signed(self.folder.name)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                outer.got.append((self.headers['CertiNext-Signature'], self.headers['Content-Type'], body))
                self.send_response(outer.status)
                self.send_header('Content-Length', '0')
                self.end_headers()
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f'{self.folder.name}/tls.pem')
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f'https://127.0.0.1:{self.server.server_port}/hook'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()


@pytest.fixture
def hook():
    made = Hook()
    yield made
    made.stop()


def test_a_bounce_takes_the_second_channel(notified, sink, hook):
    scene = Scene(notified, ['payments', 'shop', 'lost']).confirm().contain()
    sink.replies['gone@customer.example'] = '550 no such user'
    sink.replies['lost@customer.example'] = '550 no such user'
    fields = {'webhook_url': hook.url, 'webhook_ca': hook.ca}
    key = scene.contact('payments', email='gone@customer.example', **fields)['webhook_key']
    scene.contact('shop', email='shop@customer.example', **fields)
    scene.contact('lost', email='lost@customer.example')
    notice = scene.sent()
    rows = lambda: {(r['owner_id'], r['channel']): r for r in scene.ledger(notice)}  # noqa: E731
    payments, shop, lost = (scene.groups[n] for n in ('payments', 'shop', 'lost'))
    wait_for(lambda: rows()[payments, 'webhook']['state'] == 'delivered', 'the webhook was told', 60, 0.2)
    wait_for(lambda: rows()[lost, 'email']['state'] == 'bounced', 'the bounce', 60, 0.2)
    seen = rows()
    assert seen[payments, 'email']['state'] == 'bounced' and '550' in seen[payments, 'email']['answer']
    assert seen[shop, 'email']['state'] == 'sent' and seen[shop, 'webhook']['state'] == 'reserve'
    assert [one.address for one in sink.letters] == ['shop@customer.example']
    (signature, kind, body), = hook.got
    stamp, mac = re.fullmatch(r't=(\d+),v1=([0-9a-f]{64})', signature).groups()
    assert hmac.new(bytes.fromhex(key), stamp.encode() + b'.' + body, hashlib.sha256).hexdigest() == mac and kind == 'application/json'
    document = json.loads(body)
    assert hashlib.sha256(document['text'].encode()).hexdigest() == document['sha256'] == seen[payments, 'webhook']['sha256']
    # Who cannot be reached keeps the notice open, until two people waive it.
    wait_for(lambda: 'alert_raised' in scene.kinds(), 'the alert', 60, 0.2)
    assert scene.get(notice)['unreached_count'] == 1 and scene.get(notice)['state'] == 'approved'
    made = scene.admin.post(scene.path('/notice-waivers'), {'group_id': lost, 'reason': 'the company is no more'}).expect(201)['items'][0]
    approve = scene.path(f'/notice-waivers/{made["id"]}/approve')
    assert scene.admin.post(approve, None).problem(403)['rule'] == 'proposer-approves'
    assert scene.get(notice)['unreached_count'] == 1, 'one person waives nothing'
    scene.officer.post(approve, None).expect(200)
    scene.done(notice)
    assert scene.officer.post(approve, None).problem(409)['rule'] == 'waiver-state'
    # A bounce that comes back later, told by the operator's mail system.
    report = lambda outcome: scene.admin.post(f'/v1/notice-deliveries/{seen[shop, "email"]["delivery_id"]}/report',  # noqa: E731
                                              {'outcome': outcome, 'detail': 'DSN 5.1.1'})
    assert report('delivered').expect(200)['state'] == 'delivered'
    assert report('bounced').expect(200)['state'] == 'bounced'
    assert report('bounced').problem(409)['rule'] == 'delivery-state'
    wait_for(lambda: rows()[shop, 'webhook']['state'] == 'delivered', 'the second channel', 60, 0.2)
    assert len(hook.got) == 2


def test_a_waived_customer_is_not_told(notified, sink):
    scene = Scene(notified).confirm().contain()
    scene.contact('payments', email='pay@customer.example')
    scene.contact('shop', email='shop@customer.example')
    made = scene.admin.post(scene.path('/notice-waivers'), {'group_id': scene.groups['shop'], 'reason': 'told by phone'}).expect(201)['items'][0]
    assert scene.drafted()['recipient_count'] == 2, 'not approved yet'
    scene.officer.post(scene.path(f'/notice-waivers/{made["id"]}/approve'), None).expect(200)
    notice = scene.sent()
    assert notice['recipient_count'] == 1
    scene.done(notice)
    assert [one.address for one in sink.letters] == ['pay@customer.example']


def test_reminders(notified, sink):
    scene = Scene(notified, ['payments']).confirm().contain()
    scene.contact('payments', email='pay@customer.example')
    notice = scene.sent()
    scene.done(notice)
    scene.advance(25)
    wait_for(lambda: sink.count == 2, 'the first reminder', 60, 0.2)
    scene.advance(48)
    wait_for(lambda: sink.count == 3, 'the second', 60, 0.2)
    first, second, third = sink.letters
    assert first.sha256 == second.sha256 == third.sha256 and len({first.id, second.id, third.id}) == 3
    assert second.subject == 'Reminder: ' + first.subject
    scene.advance(24 * 30)
    wait_for(lambda: [r['round'] for r in scene.ledger(notice)] == [0, 1, 2], 'no more', 10, 0.2)


def test_tls_is_required_and_verified(make_instance):
    sink = Sink(tls=True)
    try:
        instance = make_instance(drill=True, settings=settings(sink.port, smtp_tls='required', smtp_ca_file=sink.ca)).start()
        scene = Scene(instance, ['payments']).confirm().contain()
        scene.contact('payments', email='pay@customer.example')
        scene.done(scene.sent())
        assert sink.count == 1
    finally:
        sink.stop()
    plain = Sink()
    try:
        instance = make_instance(drill=True, settings=settings(plain.port, smtp_tls='required')).start()
        scene = Scene(instance, ['payments']).confirm().contain()
        scene.contact('payments', email='pay@customer.example')
        scene.sent()
        wait_for(lambda: 'alert_raised' in scene.kinds(), 'the alert', 60, 0.2)
        assert plain.count == 0, 'nothing goes out without TLS'
    finally:
        plain.stop()


@pytest.mark.limit(400)
def test_kill_9_of_core_and_outbound(notified, sink):
    scene = Scene(notified, ['payments']).confirm().contain()
    add_contacts(scene, 300)
    twice = tell_through_kills(notified, scene, sink, ['core', 'outbound'], 300)
    assert twice <= 2 * 32, 'no more than the batch that was under way at each death'


def test_an_answer_that_is_lost(notified, sink):
    """The relay took the letter and its answer never came: sent again, under the same Message-ID."""
    scene = Scene(notified, ['payments']).confirm().contain()
    scene.contact('payments', email='pay@customer.example')
    sink.mute_after_data.add('pay@customer.example')
    notice = scene.sent()
    wait_for(lambda: sink.count == 1, 'the first time', 60, 0.1)
    scene.advance(1)
    scene.done(notice)
    assert len(sink.letters) == 2 and sink.letters[0].id == sink.letters[1].id and sink.letters[0].sha256 == sink.letters[1].sha256
