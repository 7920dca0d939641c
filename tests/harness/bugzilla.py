"""A small Bugzilla over TLS for tests: the parts of the REST API v1 that are used, its rules (unique aliases, lengths, groups) and its
shapes of error, and faults on demand. It is never the real one."""
import base64
import datetime
import http.server
import json
import re
import ssl
import tempfile
import threading
import time
import urllib.parse

from harness.oidc import self_signed

KEY, LOGIN = 'k' * 40, 'ca@owner.example'
COMMENT_MAX = 65535


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.document = status, {'error': True, 'code': code, 'message': message, 'documentation': 'https://bugzilla.example'}


class Bugzilla:
    def __init__(self, now, first=2051459):
        """now: the server's time, a function. first: the number of the first bug."""
        self.first, self.now, self.lock = first, now, threading.RLock()
        self.bugs, self.made, self.asked, self.keys = {}, 0, [], set()
        self.faults = []        # [(method, part of the path, what)], each used once: see fault()
        self.ignore_groups = self.ignore_alias = False
        self.folder = tempfile.TemporaryDirectory(prefix='cx-bugzilla-')
        self.ca = self_signed(self.folder.name)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def reply(self, status, body, content_type='application/json', headers=()):
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header('Content-Type', content_type)
                self.send_header('Content-Length', str(len(body)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def serve(self):
                data = self.rfile.read(int(self.headers['Content-Length'] or 0))
                outer.keys.add(self.headers['X-BUGZILLA-API-KEY'])
                with outer.lock:
                    outer.asked.append((self.command, self.path))
                    fault = outer.fault(self.command, self.path)
                if fault in ('drop', 'slow'):
                    self.close_connection = True
                    time.sleep(0.2 if fault == 'slow' else 0)
                    return
                if callable(fault):
                    return fault(self)
                status, document = outer.answer(self.command, self.path, data, self.headers['X-BUGZILLA-API-KEY'])
                if fault == 'lose':  # done, and the answer never arrives
                    self.close_connection = True
                    return
                self.reply(status, document)

            do_GET = do_POST = do_PUT = serve

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f'{self.folder.name}/tls.pem')
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f'https://127.0.0.1:{self.server.server_port}/rest'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()

    # ---- faults ----

    def fault(self, method, path):
        for i, (wanted, part, what) in enumerate(self.faults):
            if wanted == method and part in path:
                del self.faults[i]
                return what
        return None

    # ---- the API ----

    def time(self):
        return self.now().replace(microsecond=0).strftime('%Y-%m-%dT%H:%M:%SZ')

    def answer(self, method, target, data, key):
        url = urllib.parse.urlsplit(target)
        query = dict(urllib.parse.parse_qsl(url.query))
        with self.lock:
            try:
                if key != KEY:
                    raise Refused(400, 306, 'The API key you specified is invalid.')
                return self.route(method, url.path, query, json.loads(data) if data else {})
            except Refused as refused:
                return refused.status, refused.document

    def route(self, method, path, query, body):
        if (method, path) == ('POST', '/rest/bug'):
            return self.file(body)
        if (method, path) == ('GET', '/rest/bug'):
            return 200, {'bugs': [self.view(b) for b in self.bugs.values() if self.fits(b, query)]}
        if (method, path) == ('POST', '/rest/bug/comment/render'):
            return 200, {'html': f'<p>{body["text"][:40]}</p>'}
        match = re.fullmatch(r'/rest/bug/(\d+)(/\w+)?', path)
        if not match:
            raise Refused(404, 32000, 'The requested method does not exist')
        bug = self.bugs.get(int(match[1]))
        if not bug:
            raise Refused(404, 101, f'Bug #{match[1]} does not exist.')
        what = {('GET', None): self.get, ('PUT', None): self.put, ('GET', '/comment'): self.comments, ('POST', '/comment'): self.post_comment,
                ('GET', '/attachment'): self.attachments, ('POST', '/attachment'): self.attach}.get((method, match[2]))
        if not what:
            raise Refused(404, 32000, 'The requested method does not exist')
        return what(bug, query if method == 'GET' else body)

    @staticmethod
    def fits(bug, query):
        if 'alias' in query and query['alias'] not in bug['alias']:
            return False
        return 'creator' not in query or bug['creator'] == query['creator']

    @staticmethod
    def view(bug):
        return {**{k: v for k, v in bug.items() if k not in ('comments', 'attachments')}, 'is_open': bug['status'] != 'RESOLVED', 'cf_other': None}

    def check_text(self, text):
        if not text:
            raise Refused(400, 50, 'You must enter a comment.')
        if len(text) > COMMENT_MAX:
            raise Refused(400, 114, f'Comments cannot be longer than {COMMENT_MAX} characters.')

    def file(self, body):
        for field in ('product', 'component', 'summary', 'version'):
            if not body.get(field):
                raise Refused(400, 50, f'You must set {field}.')
        self.check_text(body['description'])
        alias = [] if self.ignore_alias else body.get('alias', [])
        for bug in self.bugs.values():
            if set(alias) & set(bug['alias']):
                raise Refused(400, 108, f'You tried to create a bug with the alias {alias[0]}, but this alias is already in use.')
        self.made += 1
        number = self.first + self.made - 1
        bug = {'id': number, 'summary': body['summary'], 'product': body['product'], 'component': body['component'], 'alias': alias,
               'groups': [] if self.ignore_groups else body.get('groups', []), 'status': 'UNCONFIRMED', 'resolution': '', 'flags': [],
               'whiteboard': body.get('whiteboard', ''), 'creator': LOGIN, 'cc': body.get('cc', []), 'type': body['type'],
               'comments': [], 'attachments': []}
        self.bugs[number] = bug
        self.say(bug, body['description'])
        return 200, {'id': number}

    def say(self, bug, text, who=LOGIN):
        with self.lock:
            comment = {'id': 17000000 + sum(len(b['comments']) for b in self.bugs.values()), 'bug_id': bug['id'], 'count': len(bug['comments']), 'text': text,
                       'raw_text': text, 'creator': who, 'time': self.time(), 'creation_time': self.time(), 'is_private': False, 'is_markdown': True,
                       'attachment_id': None, 'tags': []}
            bug['comments'].append(comment)
            return comment['id']

    def get(self, bug, query):
        return 200, {'bugs': [self.view(bug)], 'faults': []}

    def comments(self, bug, query):
        found = [c for c in bug['comments'] if 'new_since' not in query or c['creation_time'] > query['new_since']]
        return 200, {'bugs': {str(bug['id']): {'comments': found}}, 'comments': {}}

    def post_comment(self, bug, body):
        self.check_text(body['comment'])
        return 201, {'id': self.say(bug, body['comment'])}

    def put(self, bug, body):
        self.check_text(body['comment']['body'])
        self.say(bug, body['comment']['body'])
        bug['flags'] += [{**flag, 'id': 1, 'setter': LOGIN} for flag in body['flags']]
        return 200, {'bugs': [{'id': bug['id'], 'alias': bug['alias'], 'last_change_time': self.time(), 'changes': {}}]}

    def attachments(self, bug, query):
        return 200, {'bugs': {str(bug['id']): [{k: v for k, v in a.items() if k not in query.get('exclude_fields', '')} for a in bug['attachments']]},
                     'attachments': {}}

    def attach(self, bug, body):
        data = base64.b64decode(body['data'], validate=True)
        if not data:
            raise Refused(400, 606, 'The attachment you are trying to create is empty.')
        for number in body['obsoletes']:
            next(a for a in bug['attachments'] if a['id'] == number)['is_obsolete'] = 1
        number = 9500000 + len(bug['attachments'])
        bug['attachments'].append({'id': number, 'file_name': body['file_name'], 'content_type': body['content_type'], 'summary': body['summary'],
                                   'is_obsolete': 0, 'data': body['data']})
        self.say(bug, body['comment'])
        return 201, {'ids': [str(number)]}


def status(code, document=None, content_type='application/json', headers=()):
    """A fault: this answer."""
    def answer(handler):
        handler.reply(code, document if document is not None else {'error': True, 'code': 100500, 'message': 'no'}, content_type, headers)
    return answer


def utc_now(offset_s=lambda: 0):
    return lambda: datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset_s())
