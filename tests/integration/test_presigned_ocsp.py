"""OCSP answers signed ahead of their questions, seen from outside: thisUpdate is in Last-Modified."""
import email.utils
import threading

from harness import pki, status
from harness.instance import wait_for

HOUR = 3600


def question(instance, folder, pem):
    return status.ocsp_request(folder, pem, instance.chain()[0])


def ask(instance, pem, request):
    return status.ocsp_get(instance, pki.urls(pem)[1][0], request)


def this_update(answer):
    text = answer.header('Last-Modified')
    return email.utils.parsedate_to_datetime(text).timestamp() if text else None


def rows(instance, engine, cluster, statement):
    return instance.sql(statement, cluster(), instance.database) if engine == 'postgres' else instance.sql(statement)


def signed_ahead(instance, engine, cluster, certificate):
    serial = certificate['serial'].lower()
    column = "encode(serial, 'hex')" if engine == 'postgres' else 'lower(hex(serial))'
    found = rows(instance, engine, cluster, 'SELECT a.this_update_us, a.revoked_us FROM ocsp_answer a JOIN certificate c ON '
                 f"c.tenant_id = a.tenant_id AND c.certificate_id = a.certificate_id WHERE {column} = '{serial}'")
    return (int(found[0][0]) // 1000000, int(found[0][1])) if found else None


def test_signed_before_anybody_asks_and_renewed_over_kills(make_instance, engine, cluster, tmp_path):
    instance = make_instance(drill=True).start()
    certificate = instance.issue(['ahead.example.org'])
    wait_for(lambda: signed_ahead(instance, engine, cluster, certificate), 'an answer signed ahead', limit_s=60)
    first, _ = signed_ahead(instance, engine, cluster, certificate)
    request = question(instance, tmp_path, certificate['pem'])
    answer = ask(instance, certificate['pem'], request)
    assert this_update(answer) == first
    assert status.judge(instance, tmp_path, certificate['pem'], answer.body) == 'good'

    # What core had in memory dies with it; the answer does not.
    instance.kill('core')
    wait_for(lambda: this_update(ask(instance, certificate['pem'], request)) == first, 'the same answer', limit_s=60)

    # Renewed by itself, long before nextUpdate, though keys dies on the way. The answer of before would serve for three hours more.
    instance.kill('keys')
    wait_for(lambda: instance.admin.post('/v1/system/clock', {'offset_s': 9 * HOUR + 60}).status == 200, 'the clock', limit_s=60)
    wait_for(lambda: signed_ahead(instance, engine, cluster, certificate)[0] >= first + 9 * HOUR, 'signed again', limit_s=60)
    instance.kill('core')
    wait_for(lambda: (this_update(ask(instance, certificate['pem'], request)) or 0) >= first + 9 * HOUR, 'the new answer',
             limit_s=60)


def test_a_revocation_is_signed_ahead_too(make_instance, engine, cluster, tmp_path):
    instance = make_instance().start()
    certificate = instance.issue(['revoked-ahead.example.org'])
    wait_for(lambda: signed_ahead(instance, engine, cluster, certificate), 'an answer signed ahead', limit_s=60)
    instance.revoke(certificate, 'keyCompromise')
    wait_for(lambda: signed_ahead(instance, engine, cluster, certificate)[1] > 0, 'signed as revoked', limit_s=60)
    request, chain = question(instance, tmp_path, certificate['pem']), instance.chain()
    instance.kill('core')
    wait_for(lambda: this_update(ask(instance, certificate['pem'], request)), 'answered', limit_s=60)
    answer = ask(instance, certificate['pem'], request)
    assert status.judge(instance, tmp_path, certificate['pem'], answer.body, chain=chain) == 'revoked'


def test_never_good_after_the_acknowledgement(make_instance, tmp_path):
    """Relying parties ask without a pause while the certificates are revoked: once the revocation is acknowledged no answer that was
    asked for afterwards says "good", whatever was in memory or signed ahead."""
    instance = make_instance().start()
    certificates = [instance.issue([f'race{i}.example.org']) for i in range(6)]
    wrong, done = [], threading.Event()

    def relying_party(certificate, revoked, request):
        while not done.is_set():
            late = revoked.is_set()
            body = ask(instance, certificate['pem'], request).body
            if late and is_good(body):
                wrong.append(certificate['id'])
                return

    def is_good(body):
        [path] = pki.files(tmp_path, **{f'race{threading.get_ident()}_der': body})
        return 'Cert Status: good' in pki.openssl('ocsp', '-respin', path, '-noverify', '-resp_text').stdout.decode()

    events = [threading.Event() for _ in certificates]
    requests = [question(instance, tmp_path, certificate['pem']) for certificate in certificates]
    threads = [threading.Thread(target=relying_party, args=args) for args in zip(certificates, events, requests)]
    for thread in threads:
        thread.start()
    for certificate, event in zip(certificates, events):
        instance.revoke(certificate)
        event.set()
    for certificate, request in zip(certificates, requests):
        assert status.judge(instance, tmp_path, certificate['pem'], ask(instance, certificate['pem'], request).body) == 'revoked'
    done.set()
    for thread in threads:
        thread.join()
    assert not wrong
