"""Chromium, driven by its DevTools protocol over a pipe: no driver, no package, no port."""
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

BINARY = shutil.which('certutil') and shutil.which('chromium')
LIMIT_S = 60  # of one command or visit, however much the browser says meanwhile


class Chromium:
    """One page of a headless browser with a profile of its own that trusts the given roots (PEM files)."""

    def __init__(self, roots):
        self.home = tempfile.mkdtemp(prefix='cx-chromium-')
        trust = os.path.join(self.home, '.pki', 'nssdb')
        os.makedirs(trust)
        subprocess.run(['certutil', '-d', 'sql:' + trust, '-N', '--empty-password'], check=True)
        for number, root in enumerate(roots):
            subprocess.run(['certutil', '-d', 'sql:' + trust, '-A', '-t', 'C,,', '-n', f'root {number}', '-i', root], check=True)
        to_read, self.out = os.pipe()
        self.into, to_write = os.pipe()
        words = [BINARY, '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
                 '--disable-background-networking', '--remote-debugging-pipe', '--user-data-dir=' + self.home + '/profile',
                 'about:blank']
        # The browser reads commands from descriptor 3 and answers on 4.
        self.process = subprocess.Popen(['bash', '-c', f'exec "$@" 3<&{to_read} 4>&{to_write}', 'bash', *words],
                                        pass_fds=(to_read, to_write), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, env={**os.environ, 'HOME': self.home})
        os.close(to_read)
        os.close(to_write)
        self.number, self.buffer, self.session = 0, b'', None
        target = next(t for t in self.call('Target.getTargets')['targetInfos'] if t['type'] == 'page')
        self.session = self.call('Target.attachToTarget', targetId=target['targetId'], flatten=True)['sessionId']

    def read(self, until):
        while b'\0' not in self.buffer:
            ready, _, _ = select.select([self.into], [], [], max(0, until - time.monotonic()))
            assert ready, f'no answer of the browser in {LIMIT_S} s'
            got = os.read(self.into, 1 << 16)
            assert got, 'the browser ended'
            self.buffer += got
        message, self.buffer = self.buffer.split(b'\0', 1)
        return json.loads(message)

    def call(self, method, **params):
        self.number += 1
        message = {'id': self.number, 'method': method, 'params': params}
        if self.session:
            message['sessionId'] = self.session
        os.write(self.out, json.dumps(message).encode() + b'\0')
        until = time.monotonic() + LIMIT_S
        while True:
            answer = self.read(until)
            if answer.get('id') == self.number:
                assert 'error' not in answer, (method, answer)
                return answer['result']

    def visit(self, url):
        self.call('Page.enable')
        self.call('Page.setBypassCSP', enabled=True)  # the gate's policy lets no script run; the test is one
        result = self.call('Page.navigate', url=url)
        assert 'errorText' not in result, result
        until = time.monotonic() + LIMIT_S
        while self.run('document.readyState') != 'complete':
            assert time.monotonic() < until, f'{url} is not loaded in {LIMIT_S} s'
            time.sleep(0.05)

    def run(self, script):
        """The value of an expression; a promise is waited for. A thrown error becomes its name."""
        result = self.call('Runtime.evaluate', expression=script, awaitPromise=True, returnByValue=True, userGesture=True)
        if 'exceptionDetails' in result:
            raise JavaScriptError(result['exceptionDetails']['exception'].get('description', str(result)))
        return result['result'].get('value')

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        os.close(self.out)
        os.close(self.into)
        shutil.rmtree(self.home, ignore_errors=True)


class JavaScriptError(Exception):
    pass
