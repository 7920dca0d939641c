"""A small HTTP client over TLS or a unix socket. It sends what it is told to, well-formed or not."""
import http.client
import json
import socket
import ssl
import time
import weakref


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def header(self, name):
        return self.headers.get(name)

    def expect(self, status):
        """The decoded body, or a failure that shows what came instead."""
        assert self.status == status, f'expected {status}, got {self.status}: {self.body[:600]!r}'
        return self.json() if self.body and 'json' in (self.header('Content-Type') or '') else self.body

    def problem(self, status, field=None, rule=None):
        """The problem document (RFC 9457), checked for what every refusal must carry."""
        # What cannot be read is 400, what is read and refused 422; both are the caller's fault.
        statuses = {400, 422} if status in (400, 422) else {status}
        assert self.status in statuses, f'expected {status}, got {self.status}: {self.body[:600]!r}'
        assert self.header('Content-Type') == 'application/problem+json'
        document = self.json()
        assert document['status'] == self.status and document['type'] and document['title'] and document['detail']
        assert document['request_id']
        if 'field' in document:
            document['field'] = document['field'].lstrip('/')  # of a body: a JSON pointer (RFC 6901)
        if field is not None:
            assert document.get('field') == field, document
        if rule is not None:
            assert document.get('rule') == rule, document
        return document


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__('localhost', timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


clients = weakref.WeakSet()
IDLE_MAX_S = 45  # the gate closes a connection that was idle for 60 s, and a POST into that is not sent twice


def close_all():
    """After a server's restart: connections of before are dead."""
    for client in list(clients):
        client.close()


class Client:
    """One caller: where to connect and which token to send. Keeps its connection; reconnects once when the peer had
    closed it between two requests."""

    def __init__(self, connect, token=None):
        self.connect, self.token, self.connection, self.used = connect, token, None, 0
        clients.add(self)

    def with_token(self, token):
        return Client(self.connect, token)

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def send(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if self.token:
            headers.setdefault('Authorization', 'Bearer ' + self.token)
        if time.monotonic() - self.used > IDLE_MAX_S:
            self.close()
        for attempt in (1, 2):
            fresh = self.connection is None
            try:
                if fresh:
                    self.connection = self.connect()
                self.connection.request(method, path, body, headers)
                answer = self.connection.getresponse()
                data = answer.read()
                self.used = time.monotonic()
                if answer.will_close:
                    self.close()
                return Response(answer.status, answer.headers, data)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
                self.close()
                if fresh or attempt == 2 or method != 'GET':
                    raise
        raise AssertionError('unreachable')

    def get(self, path, **headers):
        return self.send('GET', path, headers=headers)

    def post(self, path, document=None, raw=None, content_type='application/json', headers=None):
        body = raw if raw is not None else (None if document is None else json.dumps(document))
        if isinstance(body, str):
            body = body.encode()
        fields = dict(headers or {})
        if body is not None:
            fields.setdefault('Content-Type', content_type)
        return self.send('POST', path, b'' if body is None else body, fields)

    def put(self, path, document, headers=None):
        return self.send('PUT', path, json.dumps(document).encode(), {'Content-Type': 'application/json', **(headers or {})})

    def pages(self, path, key='items'):
        """Every item of a list, page by page."""
        cursor = None
        while True:
            mark = '&' if '?' in path else '?'
            page = self.get(path + (f'{mark}cursor={cursor}' if cursor else '')).expect(200)
            yield from page[key]
            cursor = page.get('next_cursor')
            if not cursor:
                return


def tls_client(host, port, root_pem, token=None, timeout=30, certificate=None, server_name=None, **context_options):
    context = ssl.create_default_context(cafile=root_pem)
    for name, value in context_options.items():
        setattr(context, name, value)
    if certificate:
        context.load_cert_chain(*certificate)

    def connect():
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
    return Client(connect, token)


def unix_client(path, token=None, timeout=30):
    return Client(lambda: UnixConnection(path, timeout), token)
