"""Requests to core's own socket as the gate would send them, from any address: what a crowd of strangers looks like to core."""
import os
import threading

from harness import http

WRONG = 'a wrong but plausible phrase'


class GateConnection(http.UnixConnection):
    """Core looks at the peer's user id, and believes the gate's only."""
    one_at_a_time = threading.Lock()

    def __init__(self, path, uid):
        super().__init__(path, 120)  # hashes are made at low priority: on a busy machine they wait
        self.uid = uid

    def connect(self):
        with self.one_at_a_time:
            root = os.geteuid() == 0
            if root:
                os.setegid(self.uid)  # a role's group has the number of its user
                os.seteuid(self.uid)
            try:
                super().connect()
            finally:
                if root:
                    os.seteuid(0)
                    os.setegid(0)


class Attacker:
    """Guesses at logins from addresses of its choice."""

    def __init__(self, instance):
        self.instance = instance
        self.path = os.path.join(instance.data, 'run', 'core.sock')
        self.uid = instance.roles()['gate']['uid']
        self.local = threading.local()

    def guess(self, account, address, password=WRONG, code='123456'):
        if not hasattr(self.local, 'client'):
            self.local.client = http.Client(lambda: GateConnection(self.path, self.uid))
        headers = {'X-CX-Address': address, 'Origin': self.instance.url}
        return self.local.client.post('/v1/login/password', {'account': account, 'password': password, 'code': code},
                                      headers=headers)
