"""An instance of the real binary: init in a temporary folder, serve on free loopback ports, end by pid."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from harness import http, pki

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get('CERTINEXT_BUILD', os.path.join(ROOT, 'build'))
BINARY = os.path.join(BUILD, 'src', 'certinext')
START_LIMIT_S = 30
# Instances of tests share one address with every other test: the gate's limits have their own test.
NO_LIMITS = {'request_rate': 1000000, 'request_burst': 1000000, 'connection_limit': 10000}


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def wait_for(condition, what, limit_s=15, step_s=0.05):
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(step_s)
    raise AssertionError(f'not within {limit_s} s: {what}')


class Command:
    """What a CLI run left behind."""

    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    def json(self):
        return json.loads(self.out)

    def expect(self, status=0):
        assert self.status == status, f'exit status {self.status}: {self.err[-1500:]} {self.out[-500:]}'
        return self


def run_cli(*arguments, stdin='', home=None, environment=None, limit_s=60):
    env = {k: v for k, v in os.environ.items() if not k.startswith('CERTINEXT_')}
    if home:
        env.update(HOME=str(home), XDG_CONFIG_HOME=os.path.join(home, '.config'))
    env.update(environment or {})
    done = subprocess.run([BINARY, *map(str, arguments)], input=stdin, text=True, capture_output=True, timeout=limit_s,
                          env=env)
    return Command(done)


class Instance:
    def __init__(self, database=None, folder=None, drill=False, options=(), settings=None, limits=False, development=True):
        self.folder = folder or tempfile.mkdtemp(prefix='cx-test-')
        os.chmod(self.folder, 0o755)
        self.data = os.path.join(self.folder, 'data')
        self.home = os.path.join(self.folder, 'home')
        os.makedirs(self.home, exist_ok=True)
        self.port, self.status_port = free_port(), free_port()
        self.process, self.log = None, os.path.join(self.folder, 'serve.log')
        arguments = ['init', '--data', self.data]
        values = {'https_listen': f'127.0.0.1:{self.port}', 'http_listen': f'127.0.0.1:{self.status_port}',
                  'public_url': self.url, **({} if limits else NO_LIMITS), **(settings or {})}
        for name, value in values.items():
            arguments += ['--set', f'{name}={value}']
        if development:
            arguments.append('--development')
        if database:
            arguments += ['--set', 'database_url=' + database]
        if drill:
            arguments.append('--drill')
        self.init = run_cli(*arguments, *options, home=self.home).expect(0)
        self.link = self.find_link(self.init.out)
        self.admin = None

    @staticmethod
    def find_link(text):
        match = re.search(r'cxl_[A-Za-z0-9_-]+', text)
        return match.group(0) if match else None

    # life

    def start(self, wait=True, faults=None):
        """faults: {'every': 'step:N', …}, those of src/base/fault.h."""
        http.close_all()
        environment = {**os.environ, **{f'CX_FAULT_{name.upper()}': value for name, value in (faults or {}).items()}}
        log = open(self.log, 'ab')
        self.process = subprocess.Popen([BINARY, 'serve', '--data', self.data], stdout=log, stderr=log, env=environment,
                                        stdin=subprocess.DEVNULL, start_new_session=True)
        log.close()
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError('serve ended: ' + self.log_text()[-3000:])
            try:
                return self.anonymous().get('/healthz').status == 200
            except OSError:
                return False
        try:
            wait_for(ready, 'the instance answers', START_LIMIT_S)
        except AssertionError as error:
            raise AssertionError(f'{error}\n{self.log_text()[-3000:]}') from None

    def log_text(self):
        with open(self.log, errors='replace') as f:
            return f.read()

    def sanitizer_reports(self):
        """What a sanitizer build said of its processes: nothing, or the test must not pass."""
        if not os.path.exists(self.log):
            return []
        return re.findall(r'.*(?:runtime error:|ERROR: (?:Address|Leak|Thread)Sanitizer|WARNING: ThreadSanitizer).*', self.log_text())

    def stop(self):
        """SIGTERM and the exit status."""
        if not self.process or self.process.poll() is not None:
            return None
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise AssertionError('serve did not end within 20 s of SIGTERM: ' + self.log_text()[-2000:]) from None

    def kill_all(self):
        """kill -9 of the supervisor and everything below it, by pid."""
        for pid in [*self.descendants(), self.process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(10)

    def descendants(self):
        children = {}
        for entry in os.listdir('/proc'):
            if entry.isdigit():
                try:
                    with open(f'/proc/{entry}/stat') as f:
                        parent = int(f.read().rsplit(')', 1)[1].split()[1])
                except (OSError, IndexError):
                    continue
                children.setdefault(parent, []).append(int(entry))
        found, queue = [], [self.process.pid]
        while queue:
            for child in children.get(queue.pop(), []):
                found.append(child)
                queue.append(child)
        return found

    def destroy(self):
        if self.process and self.process.poll() is None:
            try:
                self.stop()
            except AssertionError:
                pass
        shutil.rmtree(self.folder, ignore_errors=True)

    def status(self):
        return run_cli('status', '--data', self.data, '--json', home=self.home).expect(0).json()

    def roles(self):
        return {p['role']: p for p in self.status()['processes']}

    def kill(self, role):
        """kill -9 of one role; returns its old pid."""
        pid = self.roles()[role]['pid']
        os.kill(pid, signal.SIGKILL)
        return pid

    # callers

    @property
    def url(self):
        return f'https://127.0.0.1:{self.port}'

    @property
    def root_pem(self):
        return os.path.join(self.data, 'public', 'root.pem')

    def anonymous(self, **options):
        return http.tls_client('127.0.0.1', self.port, self.root_pem, **options)

    def local(self, token=None):
        return http.unix_client(os.path.join(self.data, 'run', 'local.sock'), token)

    def enroll_admin(self):
        if not self.admin:
            self.admin = self.enroll(self.link)
        return self.admin

    def enroll(self, link):
        done = self.anonymous().post('/v1/enroll', {'link': self.find_link(link) or link}).expect(201)
        client = self.anonymous(token=done['token'])
        client.user_id, client.token_id = done['user_id'], done['token_id']
        return client

    def user(self, *roles, name='Test Person'):
        """A client for a new person with these roles."""
        made = self.enroll_admin().post('/v1/users', {'display_name': name, 'roles': list(roles)}).expect(201)
        return self.enroll(made['link'])

    def people(self):
        """One requester, one approver, one operator, one auditor, made once."""
        if not hasattr(self, '_people'):
            self._people = {r: self.user(r, name=r.title()) for r in ('requester', 'approver', 'operator', 'auditor')}
        return self._people

    def cli(self, *arguments, **options):
        return run_cli(*arguments, home=options.pop('home', self.home), **options)

    # shortcuts through the main job

    def profiles(self):
        return {p['name']: p for p in self.enroll_admin().pages('/v1/certificate-profiles')}

    def profile(self, kind):
        return next(p for p in self.profiles().values() if p['kind'] == kind and p['trust'] == 'private')

    def issuer(self, kind='intermediate'):
        return next(i for i in self.enroll_admin().pages('/v1/issuers') if i['kind'] == kind)

    def chain(self):
        """Issuing CA first, root last."""
        issuer = self.enroll_admin().get('/v1/issuers/' + self.issuer()['id']).expect(200)
        root = self.enroll_admin().get('/v1/issuers/' + self.issuer('root')['id']).expect(200)
        return [issuer['pem'], root['pem']]

    def request(self, names=('www.example.org',), profile=None, client=None, csr=None, **fields):
        """Asks for a certificate and returns the request's view."""
        profile = profile or self.profile('server-tls')['name']
        if csr is None and 'server_key' not in fields:
            csr = pki.csr(['DNS:' + n for n in names])
        document = {'certificate_profile': profile, **({'csr': csr} if csr else {}), **fields}
        return (client or self.people()['requester']).post('/v1/requests', document).expect(201)

    def approve(self, request, client=None):
        """Approves, as often as the profile asks, and returns the request's view."""
        approvers = [client or self.people()['approver']]
        while request['state'] == 'awaiting_approval':
            approver = approvers.pop() if approvers else self.user('approver')
            request = approver.post(f'/v1/requests/{request["id"]}/approve', {'comment': 'fine'}).expect(200)
        return request

    def settled(self, request):
        """The request once it has left the state `issuing`."""
        def look():
            view = self.enroll_admin().get('/v1/requests/' + request['id']).expect(200)
            return view if view['state'] != 'issuing' else None
        return request if request['state'] != 'issuing' else wait_for(look, 'the request is settled')

    def issue(self, names=('www.example.org',), **fields):
        """A certificate's view, through request and approval."""
        done = self.settled(self.approve(self.request(names, **fields)))
        assert done['state'] == 'done', done
        return self.enroll_admin().get('/v1/certificates/' + done['certificate_id']).expect(200)

    def revoke(self, certificate, reason='superseded', client=None):
        client = client or self.people()['operator']
        answer = client.post(f'/v1/certificates/{certificate["id"]}/revoke', {'reason': reason}).expect(200)
        if answer['outcome'] == 'awaiting_approval':
            self.approve({'id': answer['request_id'], 'state': 'awaiting_approval'})
        return answer

    def fetch(self, url):
        """GET of one of the instance's own status URLs, over plain HTTP or TLS as it says."""
        match = re.match(r'(https?)://([^/:]+)(?::(\d+))?(/.*)', url)
        scheme, _, port, path = match.groups()
        if scheme == 'https':
            return http.tls_client('127.0.0.1', int(port or 443), self.root_pem).get(path)
        import http.client as plain
        return http.Client(lambda: plain.HTTPConnection('127.0.0.1', int(port or 80), timeout=10)).get(path)

    def sql_write(self, statement):
        """Changes the SQLite database behind the product's back."""
        import sqlite3
        connection = sqlite3.connect(os.path.join(self.data, 'db', 'certinext.db'), timeout=10)
        try:
            with connection:
                connection.execute(statement)
        finally:
            connection.close()

    def copy_database(self, cluster):
        """A copy of the stopped instance's database, for restore_database."""
        if self.database:
            name = re.match(r'postgresql:///(\w+)', self.database).group(1)
            cluster().run('createdb', '-T', name, name + 'copy')
            return name
        copy = os.path.join(self.folder, 'db-copy')
        shutil.copytree(os.path.join(self.data, 'db'), copy)
        return copy

    def restore_database(self, cluster, copy):
        if self.database:
            cluster().run('dropdb', copy)
            cluster().run('createdb', '-T', copy + 'copy', copy)
            return
        folder = os.path.join(self.data, 'db')
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        for name in os.listdir(copy):
            path = shutil.copy(os.path.join(copy, name), folder)
            owner = os.stat(folder)
            os.chown(path, owner.st_uid, owner.st_gid)

    def sql(self, statement, cluster=None, url=None):
        """Rows of the database, read beside the product; SQLite or PostgreSQL."""
        if url:
            return [line.split('|') for line in cluster.query(url, statement).splitlines()]
        import sqlite3
        connection = sqlite3.connect(os.path.join(self.data, 'db', 'certinext.db'), timeout=10)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()
