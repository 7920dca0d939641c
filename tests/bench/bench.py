"""The benches behind tools/bench. Each figure stands beside the physical limit that was measured in the same run, on the same
machine, with every control on (TLS, authorisation, audit, durable commits), the load generator beside the server."""
import base64
import json
import os
import random
import re
import sqlite3
import statistics
import subprocess
import tempfile
import time
import urllib.parse

import bench_acme
import bench_mass
import bench_notices
import bench_login
from harness import pki, status
from harness.instance import BUILD, ROOT, Instance, wait_for

LOAD = os.path.join(BUILD, 'tests', 'bench', 'bench_load')
LIMITS = os.path.join(BUILD, 'tests', 'bench', 'bench_limits')
PARTS = ('pki', 'protect', 'keys', 'store', 'audit', 'access')  # benches in C, each of one folder of src
TICK_US = 1e6 / os.sysconf('SC_CLK_TCK')
PROFILE_NAME = 'server-tls-auto'  # no approval: the bench measures the machine and not people


class Recorder:
    """Prints a line a figure and appends it to build/bench/<run>.jsonl."""

    def __init__(self, path, conditions):
        self.path, self.conditions = path, conditions
        os.makedirs(os.path.dirname(path), exist_ok=True)

    def __call__(self, name, value, unit, limit=None, limit_name=None, **conditions):
        ratio = round(value / limit, 4) if limit else None
        line = {'name': name, 'value': round(value, 3), 'unit': unit, 'limit': limit, 'limit_name': limit_name, 'ratio': ratio,
                'conditions': {**self.conditions, **conditions}}
        with open(self.path, 'a') as f:
            f.write(json.dumps(line) + '\n')
        beside = f'   limit {limit_name}: {limit:,.0f}   ratio {ratio:.3f}' if limit else ''
        print(f'{name}: {value:,.1f} {unit}{beside}', flush=True)


def load(instance, **options):
    arguments = [LOAD]
    for name, value in options.items():
        arguments += ['--' + name] if value is True else ['--' + name, str(value)]
    if not options.get('plain'):
        arguments += ['--ca', instance.root_pem]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr + done.stdout
    result = json.loads(done.stdout)
    assert result['errors'] <= result['count'] * 0.001, result
    return result


def limits(folder):
    return json.loads(subprocess.run([LIMITS, folder], check=True, capture_output=True, text=True).stdout)


def write_lines(folder, name, lines):
    path = os.path.join(folder, name)
    with open(path, 'w') as f:
        f.writelines(line + '\n' for line in lines)
    return path


def parts_bench(record):
    for name in PARTS:
        done = subprocess.run([os.path.join(BUILD, 'tests', 'bench', 'bench_' + name)], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr + done.stdout
        for line in done.stdout.splitlines():
            if line.startswith('{'):
                got = json.loads(line)
                record(got['name'], got['value'], got['unit'], got['limit'] or None, 'as the conditions say', text=got['conditions'])


def cpu_us(instance):
    """Processor time used so far by each role and by children of this process (the load generators)."""
    used = {'load': (os.times().children_user + os.times().children_system) * 1e6}
    for pid in instance.descendants():
        with open(f'/proc/{pid}/cmdline') as f:
            words = f.read().split('\0')
        with open(f'/proc/{pid}/stat') as f:
            fields = f.read().rsplit(')', 1)[1].split()
        role = words[words.index('role') + 1] if 'role' in words else 'gate'
        used[role] = used.get(role, 0) + (int(fields[11]) + int(fields[12])) * TICK_US
    return used


def issue_bench(instance, record, best, folder, seconds):
    csrs = [pki.csr([f'DNS:b{i}.bench.example.org']) for i in range(256)]
    bodies = write_lines(folder, 'issue', [json.dumps({'certificate_profile': PROFILE_NAME, 'csr': c}) for c in csrs])
    token = instance.people()['requester'].token
    for connections in (1, 32, 128):
        before = cpu_us(instance)
        got = load(instance, port=instance.port, path='/v1/requests', method='POST', bodies=bodies, token=token, expect=201,
                   seconds=seconds, connections=connections)
        record('rest_issue', got['rate'], 'certificates/s', best['p256_verify'], 'bare P-256 verify, one core',
               connections=connections, p50_us=got['p50_us'], p99_us=got['p99_us'], sign_limit=best['p256_sign'],
               fdatasync_limit=best['fdatasync_4k'])
        spent = {role: round((us - before.get(role, 0)) / got['count'], 1) for role, us in cpu_us(instance).items()}
        record('rest_issue_cpu', sum(spent.values()), 'us of processor a certificate',
               1e6 / best['p256_verify'] + 1e6 / best['p256_sign'], 'bare P-256 verify and sign', connections=connections,
               by_process=spent, load_average=os.getloadavg()[0])


def ocsp_bench(instance, record, folder, seconds):
    certificate = instance.issue(['ocsp.bench.example.org'], profile=PROFILE_NAME)
    request = status.ocsp_request(folder, certificate['pem'], instance.chain()[0])
    path = f'/ocsp/{instance.issuer()["id"]}'
    get = f'{path}/{urllib.parse.quote(base64.b64encode(request).decode(), safe="")}'
    bodies = write_lines(folder, 'ocsp', [base64.b64encode(request).decode()])
    static = urllib.parse.urlsplit(pki.urls(certificate['pem'])[2][0]).path
    for name, port, plain in (('tls', instance.port, {}), ('plain', instance.status_port, {'plain': True})):
        base = load(instance, port=port, path=static, seconds=seconds, connections=32, **plain)
        got = load(instance, port=port, path=get, seconds=seconds, connections=32, **plain)
        record(f'ocsp_get_{name}', got['rate'], 'responses/s', base['rate'], 'nginx static file, same run', p99_us=got['p99_us'])
        got = load(instance, port=port, path=path, method='POST', bodies=bodies, base64=True, type='application/ocsp-request',
                   seconds=seconds, connections=32, **plain)
        record(f'ocsp_post_{name}', got['rate'], 'responses/s', base['rate'], 'nginx static file, same run', p99_us=got['p99_us'])


def fill(instance, count, revoked):
    """Clones one issued certificate's rows; the instance must be stopped. Every clone has its own id, serial, digest and names,
    and lies in the shard its number says. Durability is off while filling only."""
    db = sqlite3.connect(os.path.join(instance.data, 'db', 'certinext.db'))
    db.executescript('PRAGMA synchronous=OFF; PRAGMA cache_size=-400000; PRAGMA foreign_keys=OFF;')
    columns = [r[1] for r in db.execute('PRAGMA table_info(certificate)')]
    model = dict(zip(columns, db.execute("SELECT * FROM certificate WHERE profile_name = ? ORDER BY issued_us LIMIT 1",
                                         (PROFILE_NAME,)).fetchone()))
    der = db.execute('SELECT der FROM certificate_body WHERE certificate_id = ?', (model['certificate_id'],)).fetchone()[0]
    shards = db.execute('SELECT shard_count FROM issuer WHERE issuer_id = ?', (model['issuer_id'],)).fetchone()[0]
    source = random.Random(count)  # another fill, other serials
    day = 86400 * 1000000

    def rows():
        for i in range(count):
            issued = model['issued_us'] - (count - i) * 1000
            ident = (issued // 1000).to_bytes(6, 'big') + source.randbytes(10)  # by time, as cx_id_new_at makes them
            yield ident, issued, {**model, 'certificate_id': ident, 'serial': b'\x40' + source.randbytes(15),
                                  'shard': i % shards, 'sha256': source.randbytes(32), 'spki_sha256': source.randbytes(32),
                                  'issued_us': issued, 'not_after_us': model['not_after_us'] + (i % 90) * day,
                                  'revoked_us': issued + 1 if i < revoked else None, 'revoke_reason': 4 if i < revoked else None}
    batch, marks = [], ','.join('?' * len(columns))

    def write():
        tenant = model['tenant_id']
        db.executemany(f'INSERT INTO certificate ({",".join(columns)}) VALUES ({marks})',
                       [[row[c] for c in columns] for _, _, row in batch])
        db.executemany('INSERT INTO certificate_body (tenant_id, certificate_id, der) VALUES (?,?,?)',
                       [(tenant, ident, der) for ident, _, _ in batch])
        names = [(tenant, ident, 0, 'dns', f'h{row["serial"].hex()[2:12]}.z{row["serial"][1] % 100}.fill.example.org', issued)
                 for ident, issued, row in batch]
        db.executemany('INSERT INTO certificate_name (tenant_id, certificate_id, position, kind, value, issued_us) '
                       'VALUES (?,?,?,?,?,?)', names)
        zones = [(tenant, '.'.join(name[4].split('.')[k:]), name[5], name[1]) for name in names for k in (1, 2, 3, 4)]
        db.executemany('INSERT INTO certificate_zone (tenant_id, zone, issued_us, certificate_id) VALUES (?,?,?,?)', zones)
        db.commit()
        batch.clear()
    for row in rows():
        batch.append(row)
        if len(batch) == 20000:
            write()
    write()
    db.execute('UPDATE crl_shard SET dirty_count = dirty_count + 1')
    db.execute('UPDATE ocsp_responder SET walked_us = 0')  # the clones were issued in the past
    db.commit()
    db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    db.close()


def dirty_shards(instance):
    db = sqlite3.connect(f'file:{instance.data}/db/certinext.db?mode=ro', uri=True)
    try:
        return db.execute('SELECT COUNT(*) FROM crl_shard WHERE dirty_count > clean_count').fetchone()[0]
    finally:
        db.close()


def soil_shards(instance):
    """Every CRL has to be written anew, as after a mass revocation."""
    db = sqlite3.connect(f'{instance.data}/db/certinext.db', timeout=30)
    db.execute('UPDATE crl_shard SET dirty_count = dirty_count + 1')
    db.commit()
    db.close()


def revoke_times(instance, certificates):
    client, times = instance.people()['operator'], []
    for certificate in certificates:
        start = time.perf_counter()
        client.post(f'/v1/certificates/{certificate["id"]}/revoke', {'reason': 'superseded'}).expect(200)
        times.append((time.perf_counter() - start) * 1e6)
    return sorted(times)


def revoke_bench(instance, record, best, folder, already):
    """Alone, while every shard is being written anew, and how long that takes."""
    certificates = [instance.issue([f'r{already}-{i}.bench.example.org'], profile=PROFILE_NAME) for i in range(400)]
    wait_for(lambda: dirty_shards(instance) == 0, 'all CRLs published', 300, 0.05)
    for name, some in (('revoke_p99', certificates[:200]), ('revoke_p99_publishing', certificates[200:])):
        if name == 'revoke_p99_publishing':
            soil_shards(instance)
        times = revoke_times(instance, some)
        record(name, times[len(times) * 99 // 100 - 1], 'us', 1e6 / best['fdatasync_4k'], 'one fdatasync in us', already_revoked=already,
               p50_us=round(statistics.median(times)), max_us=round(times[-1]), samples=len(times),
               load_average=os.getloadavg()[0])
    wait_for(lambda: dirty_shards(instance) == 0, 'all CRLs published', 300, 0.05)
    start = time.perf_counter()
    soil_shards(instance)
    instance.people()['operator'].post(f'/v1/certificates/{instance.issue(["poke.bench.example.org"], profile=PROFILE_NAME)["id"]}/revoke',
                                       {'reason': 'superseded'}).expect(200)
    wait_for(lambda: dirty_shards(instance) == 0, 'all CRLs published', 300, 0.01)
    record('crl_publish_all', time.perf_counter() - start, 's', 60 * already / 3048289 if already else None,
           'target of 60 s for 3,048,289', already_revoked=already)
    one = instance.issue([f'crl{already}.bench.example.org'], profile=PROFILE_NAME)
    client = instance.people()['operator']
    start = time.perf_counter()
    client.post(f'/v1/certificates/{one["id"]}/revoke', {'reason': 'superseded'}).expect(200)
    wait_for(lambda: int(one['serial'], 16) in status.crl_serials(instance, folder, one['pem']), 'listed', 120, 0.02)
    elapsed = time.perf_counter() - start
    size = len(instance.fetch(pki.urls(one['pem'])[0][0]).body)
    record('crl_published_after_revoke', elapsed * 1000, 'ms', already_revoked=already, shard_bytes=size)


def search_bench(instance, record, count):
    client = instance.people()['auditor']
    one = client.get('/v1/certificates?limit=1&name=*.z7.fill.example.org').expect(200)['items'][0]
    queries = {'by_name': 'name=' + one['names'][0]['value'], 'by_serial': 'serial=' + one['serial'],
               'by_sha256': 'sha256=' + one['sha256'], 'by_zone': 'name=*.z7.fill.example.org',
               'by_wide_zone': 'name=*.example.org', 'newest': 'limit=50', 'revoked': 'status=revoked',
               'by_profile': 'certificate_profile=' + PROFILE_NAME}
    for name, query in queries.items():
        times = []
        for _ in range(60):
            start = time.perf_counter()
            client.get('/v1/certificates?' + query).expect(200)
            times.append((time.perf_counter() - start) * 1000)
        times.sort()
        record(f'search_{name}_p99', times[58], 'ms', 50, 'target', rows=count, p50_ms=round(statistics.median(times), 3))


def memory_kb(instance):
    """Resident kB of each process, shared pages counted once each (Pss)."""
    total = {}
    for pid in [instance.process.pid, *instance.descendants()]:
        with open(f'/proc/{pid}/smaps_rollup') as f:
            total[pid] = int(re.search(r'^Pss:\s+(\d+)', f.read(), re.M).group(1))
    return sum(total.values())


def start_bench(instance, record, count):
    start = time.perf_counter()
    instance.start()
    instance.anonymous().get('/healthz').expect(200)
    record('start', (time.perf_counter() - start) * 1000, 'ms', 2000, 'target', rows=count)
    time.sleep(2)
    record('memory', memory_kb(instance) / 1024, 'MB', 300, 'target', rows=count)


def answered(instance):
    db = sqlite3.connect(f'file:{instance.data}/db/certinext.db?mode=ro', uri=True)
    try:
        return db.execute('SELECT COUNT(*) FROM ocsp_answer').fetchone()[0]
    finally:
        db.close()


def presign_bench(instance, record, count):
    """After the start that found count certificates without an OCSP answer: what it costs until each has one."""
    before, start, had = cpu_us(instance), time.perf_counter(), answered(instance)
    wait_for(lambda: answered(instance) >= count, 'every answer signed ahead', 3600, 1)
    done, elapsed = answered(instance) - had, time.perf_counter() - start
    spent = {role: round((us - before.get(role, 0)) / done, 1) for role, us in cpu_us(instance).items()}
    record('ocsp_presign', done / elapsed, 'answers/s', rows=count, by_process=spent, load_average=os.getloadavg()[0])
    record('ocsp_presign_cpu', sum(spent.values()), 'us of processor an answer', rows=count, by_process=spent)
    record('memory_presigned', memory_kb(instance) / 1024, 'MB', 300, 'target', rows=count)


def run(path, rows, seconds, only=()):
    instance = Instance()
    folder = tempfile.mkdtemp(prefix='cx-bench-')
    try:
        best = limits(instance.data)
        conditions = {'cores': os.cpu_count(), 'engine': 'sqlite', 'limits': best,
                      'time': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}
        record = Recorder(path, conditions)
        for name, value in best.items():
            record('limit_' + name, value, 'ops/s')

        def wanted(name):
            return not only or name in only
        if wanted('parts'):
            parts_bench(record)
        start_bench(instance, record, 0)
        instance.people()
        if wanted('issue'):
            issue_bench(instance, record, best, folder, seconds)
        if wanted('login'):
            bench_login.run(instance, record, load, seconds)
        if wanted('ocsp'):
            ocsp_bench(instance, record, folder, seconds)
        if wanted('acme'):
            bench_acme.run(record, best, seconds)
        if wanted('notices'):
            bench_notices.run(record, min(rows // 10, 100000))
        have = 0
        for revoked in ([0, rows // 10, rows] if wanted('revoke') else []) or ([rows] if wanted('search') or wanted('presign') else []):
            if revoked > have:
                instance.issue(['model.bench.example.org'], profile=PROFILE_NAME)
                instance.stop()
                fill(instance, revoked - have, revoked - have)
                have = revoked
                start_bench(instance, record, have)
                for client in (instance.admin, *instance.people().values()):
                    client.close()
                if wanted('presign'):
                    presign_bench(instance, record, have)
            if wanted('revoke'):
                revoke_bench(instance, record, best, folder, revoked)
        if wanted('mass'):
            instance.issue(['model.bench.example.org'], profile=PROFILE_NAME)
            instance.stop()
            fill(instance, rows, 0)
            start_bench(instance, record, have + rows)
            for client in (instance.admin, *instance.people().values()):
                client.close()
            bench_mass.run(instance, record, have + rows)
        if wanted('search') and have:
            search_bench(instance, record, have)
        instance.stop()
    finally:
        instance.destroy()
