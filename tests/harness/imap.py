"""A real IMAP server (Dovecot) on loopback, over TLS, with one account. It never runs as root: started by root, it becomes nobody."""
import email.message
import email.utils
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from harness.oidc import self_signed

USER, PASSWORD = 'reports', 'the-imap-password'
PROGRAM = shutil.which('dovecot') or '/usr/sbin/dovecot'

CONFIGURATION = '''
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
ssl = required
ssl_cert = <{dir}/tls.pem
ssl_key = <{dir}/tls.pem
mail_location = maildir:{dir}/mail
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={dir}/home
}}
namespace inbox {{
  inbox = yes
  mailbox Junk {{
    auto = create
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
'''


def available():
    return os.path.exists(PROGRAM)


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Server:
    names = itertools.count()

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix='cx-imap-')
        self.dir, self.port = self.folder.name, free_port()
        self.process = None
        self_signed(self.dir)
        self.owner = pwd.getpwnam('nobody') if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        group = subprocess.run(['id', '-gn', self.owner.pw_name], check=True, capture_output=True, text=True).stdout.strip()
        for name in ('run', 'state', 'home', 'mail', 'mail/new', 'mail/cur', 'mail/tmp', 'mail/.Junk', 'mail/.Junk/new',
                     'mail/.Junk/cur', 'mail/.Junk/tmp'):
            os.mkdir(f'{self.dir}/{name}')
        with open(f'{self.dir}/dovecot.conf', 'w') as f:
            f.write(CONFIGURATION.format(dir=self.dir, port=self.port, user=self.owner.pw_name, group=group, uid=self.owner.pw_uid,
                                         gid=self.owner.pw_gid, password=PASSWORD))
        self.own(self.dir)
        for root, folders, files in os.walk(self.dir):
            for name in folders + files:
                self.own(os.path.join(root, name))
        with open(f'{self.dir}/tls.pem') as f:
            self.ca = f.read().split('-----BEGIN CERTIFICATE-----')[1]
        self.ca = '-----BEGIN CERTIFICATE-----' + self.ca.split('-----END CERTIFICATE-----')[0] + '-----END CERTIFICATE-----\n'
        self.start()

    def own(self, path):
        if os.geteuid() == 0:
            os.chown(path, self.owner.pw_uid, self.owner.pw_gid)

    def start(self):
        become = {'user': self.owner.pw_uid, 'group': self.owner.pw_gid, 'extra_groups': []} if os.geteuid() == 0 else {}
        self.process = subprocess.Popen([PROGRAM, '-F', '-c', f'{self.dir}/dovecot.conf'], stderr=subprocess.PIPE, start_new_session=True,
                                        **become)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                socket.create_connection(('127.0.0.1', self.port), 1).close()
                return
            except OSError:
                assert self.process.poll() is None, self.process.stderr.read().decode() + self.log()
                time.sleep(0.05)
        raise AssertionError('dovecot does not answer: ' + self.log())

    def log(self):
        try:
            with open(f'{self.dir}/log') as f:
                return f.read()
        except OSError:
            return ''

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
            self.process.stderr.close()
            self.process = None

    def destroy(self):
        self.stop()
        self.folder.cleanup()

    def put(self, octets, folder='INBOX'):
        """As a delivery agent does: whole, and then there (maildir)."""
        base = f'{self.dir}/mail' + ('' if folder == 'INBOX' else '/.' + folder)
        name = f'{time.time_ns()}.{next(self.names)}.test'
        with open(f'{base}/tmp/{name}', 'wb') as f:
            f.write(octets)
        self.own(f'{base}/tmp/{name}')
        os.rename(f'{base}/tmp/{name}', f'{base}/new/{name}')

    def renumber(self, folder='INBOX'):
        """The folder as after a restore: the same messages under another UIDVALIDITY."""
        base = f'{self.dir}/mail' + ('' if folder == 'INBOX' else '/.' + folder)
        for name in os.listdir(base):
            if name.startswith('dovecot'):
                os.remove(f'{base}/{name}')

    def mailbox(self, **more):
        """What adds it."""
        return {'name': 'reports', 'host': '127.0.0.1', 'port': self.port, 'user': USER, 'password': PASSWORD,
                'address': 'reports@ca.example', 'folders': ['INBOX', 'Junk'], 'ca': self.ca, 'poll_seconds': 1, 'self_test_hours': 0,
                **more}


def letter(subject='Wrong names', text='The certificate of www.example.org has names of another.\n', sender='Trillian <t@example.org>', **headers):
    mail = email.message.EmailMessage()
    mail['From'], mail['To'], mail['Subject'] = sender, 'reports@ca.example', subject
    mail['Message-ID'] = email.utils.make_msgid(domain='example.org')
    for name, value in headers.items():
        del mail[name.replace('_', '-')]
        if value is not None:
            mail[name.replace('_', '-')] = value
    mail.set_content(text)
    return mail.as_bytes()
