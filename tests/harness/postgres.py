"""A private PostgreSQL cluster in a temporary folder, reachable by its unix socket only."""
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import glob


def binaries():
    folders = sorted(glob.glob('/usr/lib/postgresql/*/bin'), key=lambda p: int(p.split('/')[4]))
    return folders[-1] if folders else None


class Cluster:
    def __init__(self, durable=False, settings=()):
        self.bin = binaries()
        if not self.bin:
            raise RuntimeError('PostgreSQL is not installed (tools/setup check)')
        self.folder = tempfile.mkdtemp(prefix='cx-pg-')
        os.chmod(self.folder, 0o755)  # the socket must be reachable for core's own uid
        self.data = os.path.join(self.folder, 'data')
        self.count = 0
        self.as_user = {}
        if os.getuid() == 0:  # the server refuses to run as root
            account = pwd.getpwnam('postgres')
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.as_user = {'user': account.pw_uid, 'group': account.pw_gid, 'extra_groups': []}
        self.run('initdb', '-D', self.data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C', '-N')
        with open(os.path.join(self.data, 'postgresql.conf'), 'a') as f:
            f.write(f"listen_addresses=''\nunix_socket_directories='{self.folder}'\nmax_connections=200\n"
                    f"log_min_messages=warning\n")
            if not durable:
                f.write('fsync=off\nsynchronous_commit=off\nfull_page_writes=off\n')
            f.writelines(line + '\n' for line in settings)
        self.process = None
        self.start()

    def run(self, tool, *arguments):
        subprocess.run([os.path.join(self.bin, tool), *arguments], check=True, capture_output=True, cwd='/',
                       env={**os.environ, 'PGHOST': self.folder, 'PGUSER': 'postgres'}, **self.as_user)

    def start(self):
        with open(os.path.join(self.folder, 'log'), 'ab') as log:
            self.process = subprocess.Popen([os.path.join(self.bin, 'postgres'), '-D', self.data], stdout=log, stderr=log,
                                            cwd='/', **self.as_user)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            ready = subprocess.run([os.path.join(self.bin, 'pg_isready'), '-q', '-h', self.folder], cwd='/')
            if ready.returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError('PostgreSQL did not start: ' + open(os.path.join(self.folder, 'log')).read()[-2000:])

    def stop(self, immediate=False):
        if self.process and self.process.poll() is None:
            self.process.send_signal(3 if immediate else 2)  # SIGQUIT: like a crash; SIGINT: fast shutdown
            self.process.wait(30)
        self.process = None

    def database(self):
        """The URL of a fresh database."""
        self.count += 1
        name = f'cx{self.count}'
        self.run('createdb', name)
        return f'postgresql:///{name}?host={self.folder}&user=postgres'

    def query(self, url, sql):
        done = subprocess.run([os.path.join(self.bin, 'psql'), '-XAtq', '-v', 'ON_ERROR_STOP=1', url, '-c', sql], check=True,
                              capture_output=True, text=True, cwd='/')
        return done.stdout

    def destroy(self):
        self.stop(immediate=True)
        shutil.rmtree(self.folder, ignore_errors=True)
