"""pebble-challtestsrv: DNS, HTTP and TLS-ALPN as an ACME server meets them, told by an API what to answer."""
import json
import shutil
import subprocess
import urllib.request

from harness.instance import free_port, wait_for


class World:
    """Started; every name resolves to 127.0.0.1. `settings`: for an instance that validates against it."""

    def __init__(self):
        self.ports = {name: free_port() for name in ('dns01', 'http01', 'https01', 'tlsalpn01', 'management')}
        self.process = subprocess.Popen(
            [shutil.which('pebble-challtestsrv'), '-defaultIPv6', '', *(f'-{n}=127.0.0.1:{p}' for n, p in self.ports.items())],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.answers, 'pebble-challtestsrv answers')
        self.settings = {'validation_perspectives': f'near,resolver=127.0.0.1@{self.ports["dns01"]}', 'dns_trust_anchor': 'none',
                         'outbound_allow_networks': '127.0.0.0/8', 'validation_http_port': self.ports['http01'],
                         'validation_https_port': self.ports['https01'], 'validation_tls_port': self.ports['tlsalpn01']}

    @staticmethod
    def available():
        return shutil.which('pebble-challtestsrv') is not None

    @property
    def management(self):
        return f'http://127.0.0.1:{self.ports["management"]}'

    def tell(self, action, **body):
        with urllib.request.urlopen(urllib.request.Request(f'{self.management}/{action}', json.dumps(body).encode()), timeout=5):
            pass

    def answers(self):
        try:
            self.tell('clear-txt', host='x.')
            return True
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
