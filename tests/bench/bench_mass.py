"""The worst day: what does it reach, and revoke all of it. What is timed is what the operator waits for: from the answered approval to the last
CRL of the last shard on the disk, with the renewal windows pulled forward before, over the inventory that tools/bench filled."""
import os
import sqlite3
import time

from harness.instance import wait_for

CASE = 3048289  # certificates of a known case; the target is 60 s for them
FEW = 10000


def path(incident, rest):
    return f'/v1/incidents/{incident["id"]}{rest}'


def database(instance):
    return sqlite3.connect(f'file:{instance.data}/db/certinext.db?mode=ro', uri=True)


def one(instance, sql, *values):
    db = database(instance)
    try:
        return db.execute(sql, values).fetchone()
    finally:
        db.close()


def text_of(us):
    return time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(us // 1000000)) + f'.{us % 1000000:06d}Z'


def wait_clean(instance, limit_s):
    wait_for(lambda: one(instance, 'SELECT COUNT(*) FROM crl_shard WHERE dirty_count > clean_count')[0] == 0, 'all CRLs published', limit_s, 0.05)


def scoped(client, incident, **query):
    start = time.perf_counter()
    scope = client.post(path(incident, '/scopes'), {'comment': 'bench', **query}).expect(201)
    return scope, time.perf_counter() - start


def blast_bench(instance, client, incident, record, count):
    """What has one key, what of a list of serial numbers, what of a time window; then everything of the issuer."""
    spki, = one(instance, 'SELECT spki_sha256 FROM certificate ORDER BY issued_us LIMIT 1')
    db = database(instance)
    serials = [row[0].hex() for row in db.execute('SELECT serial FROM certificate ORDER BY issued_us LIMIT 500')]
    db.close()
    first, = one(instance, 'SELECT MIN(issued_us) FROM certificate')
    last, = one(instance, 'SELECT issued_us FROM certificate ORDER BY issued_us LIMIT 1 OFFSET ?', min(FEW, count - 1))
    for name, query in (('key', {'spki_sha256': spki.hex()}), ('serials', {'serials': serials}),
                        ('window', {'issued_after': text_of(first), 'issued_before': text_of(last)})):
        scope, elapsed = scoped(client, incident, **query)
        record(f'blast_radius_{name}', elapsed, 's', 2.0, 'target of 2 s', rows=count, found=scope['certificate_count'])
        assert scope['certificate_count'] > 0
    issuer = client.get('/v1/issuers').expect(200)['items'][0]['id']
    scope, elapsed = scoped(client, incident, issuer_id=issuer)
    record('blast_radius_everything', elapsed, 's', rows=count, found=scope['certificate_count'])
    return scope, issuer


def follow(client, incident, made, limit_s):
    def look():
        now = next(p for p in client.get(path(incident, '/revocations')).expect(200)['items'] if p['id'] == made['id'])
        return now if now['state'] == 'done' else None
    return wait_for(look, 'the plan is done', limit_s, 0.2)


def pull_forward(client, issuer, record, count):
    now = time.time()
    start = time.perf_counter()
    client.post('/v1/renewal-windows', {'issuer_id': issuer, 'start': text_of(int(now) * 1000000),
                                        'end': text_of((int(now) + 86400) * 1000000)}).expect(201)
    elapsed = time.perf_counter() - start
    record('mass_window', elapsed, 's', rows=count)
    return elapsed


def run(instance, record, count):
    client, officer = instance.admin, instance.user('security-officer')
    limit_s = 600 + count // 2000
    wait_clean(instance, limit_s)
    incident = client.post('/v1/incidents', {'type': 'key_compromise', 'impact': 'high', 'urgency': 'high', 'source': 'self_reported',
                                             'certificates': ['private'], 'title': 'bench', 'summary': 'bench'}).expect(201)
    scope, issuer = blast_bench(instance, client, incident, record, count)
    window = pull_forward(client, issuer, record, count)
    start = time.perf_counter()
    made = client.post(path(incident, '/revocations'), {'scope_id': scope['id'], 'item': 3, 'reason': 'keyCompromise', 'comment': 'x'}).expect(201)
    record('mass_plan', time.perf_counter() - start, 's', rows=count, to_revoke=made['revoked_count'])
    start = time.perf_counter()
    officer.post(path(incident, f'/revocations/{made["id"]}/approve'), None).expect(200)
    done = follow(client, incident, made, limit_s)
    recorded = time.perf_counter() - start
    record('mass_recorded', recorded, 's', rows=count, revoked=done['revoked_count'])
    wait_clean(instance, limit_s)
    published = time.perf_counter() - start
    record('mass_revocation', window + published, 's', 60 * done['revoked_count'] / CASE, f'target of 60 s for {CASE:,}', rows=count,
           revoked=done['revoked_count'], crl_bytes=sum(os.path.getsize(os.path.join(where, name))
                                                        for where, _, names in os.walk(os.path.join(instance.data, 'public', 'crl')) for name in names),
           load_average=os.getloadavg()[0])
