"""Full ACME orders a second, newOrder to certificate, here and by Pebble (in memory) in the same run: the same generator signs real
JWS, answers http-01 itself, and runs beside the server. Beside the figure stands the floor: what ES256 verification alone allows."""
import json
import os
import shutil
import subprocess
import tempfile

from harness import acme, pki
from harness.challtestsrv import World
from harness.instance import BUILD, Instance, free_port, wait_for

LOAD = os.path.join(BUILD, 'tests', 'bench', 'bench_acme')


def orders(port, directory, seconds, connections, *more):
    done = subprocess.run([LOAD, '--port', str(port), '--directory', directory, '--seconds', str(seconds), '--connections',
                           str(connections), *map(str, more)], capture_output=True, text=True, timeout=seconds + 120)
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(done.stdout)
    assert result['errors'] <= max(2, result['orders'] * 0.01), (result, done.stderr[-2000:])
    return result


def show(record, name, got, verify_rate, **conditions):
    floor = verify_rate / got['signed_requests']
    record(name, got['rate'], 'orders/s', floor, 'ES256 verification alone, one core', signed_requests=got['signed_requests'],
           p50_us=got['p50_us'], p99_us=got['p99_us'], errors=got['errors'],
           verification_share=round(got['rate'] / floor / (os.cpu_count() or 1), 4), **conditions)


class Pebble:
    def __init__(self, outside, folder, http_port):
        self.port = free_port()
        key, certificate = os.path.join(folder, 'key.pem'), os.path.join(folder, 'cert.pem')
        pki.openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', certificate,
                    '-subj', '/CN=localhost', '-days', '2')
        config = os.path.join(folder, 'pebble.json')
        with open(config, 'w') as f:
            json.dump({'pebble': {'listenAddress': f'127.0.0.1:{self.port}', 'managementListenAddress': f'127.0.0.1:{free_port()}',
                                  'certificate': certificate, 'privateKey': key, 'httpPort': http_port, 'tlsPort': free_port(),
                                  'ocspResponderURL': '', 'externalAccountBindingRequired': False}}, f)
        environment = {**os.environ, 'PEBBLE_VA_NOSLEEP': '1', 'PEBBLE_WFE_NONCEREJECT': '0', 'PEBBLE_AUTHZREUSE': '0'}
        self.process = subprocess.Popen(['pebble', '-config', config, '-dnsserver', f'127.0.0.1:{outside.ports["dns01"]}'],
                                        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def answers():
            import socket
            with socket.socket() as s:
                return s.connect_ex(('127.0.0.1', self.port)) == 0
        wait_for(answers, 'pebble answers')

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def run(record, best, seconds):
    if not World.available():
        print('acme: skipped, pebble-challtestsrv is not installed (Debian package pebble)')
        return
    outside, folder, http_port = World(), tempfile.mkdtemp(prefix='cx-acme-'), free_port()
    instance = Instance(settings={**outside.settings, 'validation_http_port': http_port})
    try:
        instance.start()
        world = acme.World(instance, challenges=['http-01'])
        path = '/acme/' + world.directory['id'] + '/directory'
        for name, more in (('acme_order', {'validation': 'challenge'}), ('acme_order_no_challenge', {})):
            eab = world.eab(domains=['bench.example.org'], **more)
            for connections in (1, 16):
                got = orders(instance.port, path, seconds, connections, '--http-port', http_port, '--eab-kid', eab['eab']['id'],
                             '--eab-key', eab['hmac_key'])
                show(record, name, got, best['p256_verify'], connections=connections)
        instance.stop()
        pebble = Pebble(outside, folder, http_port)
        try:
            for connections in (1, 16):
                got = orders(pebble.port, '/dir', seconds, connections, '--http-port', http_port)
                show(record, 'acme_order_pebble', got, best['p256_verify'], connections=connections)
        finally:
            pebble.stop()
    finally:
        outside.stop()
        instance.destroy()
        shutil.rmtree(folder, ignore_errors=True)
