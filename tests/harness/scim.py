"""A directory: sends what Entra ID and Okta send (tests/data/scim), or any document a test writes."""
import json
import os

DATA = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'data', 'scim')
PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error'
LIST = 'urn:ietf:params:scim:api:messages:2.0:ListResponse'


def shape(name, **identifiers):
    """A recorded request; USER='usr_…' stands in for @USER@."""
    with open(os.path.join(DATA, name + '.json')) as recorded:
        text = recorded.read()
    for key, value in identifiers.items():
        text = text.replace(f'@{key}@', value)
    assert '@USER@' not in text and '@OTHER@' not in text and '@GROUP@' not in text, text
    return json.loads(text)


def operation(op, path=None, value=None):
    made = {'op': op}
    if path is not None:
        made['path'] = path
    if value is not None:
        made['value'] = value
    return made


def patch(*operations):
    return {'schemas': [PATCH], 'Operations': list(operations)}


class Directory:
    """One SCIM client of an instance."""

    def __init__(self, instance, name='Directory', admin=None, client=None):
        admin = admin or instance.enroll_admin()
        made = admin.post('/v1/scim-clients', {'display_name': name}).expect(201)
        assert made['base_url'] == instance.url + '/scim/v2'
        self.id, self.secret = made['client']['user_id'], made['secret']
        self.client = instance.anonymous(token=self.secret)
        self.count = 0

    def send(self, method, path, document=None, content_type='application/scim+json'):
        body = None if document is None else json.dumps(document).encode()
        headers = {'Content-Type': content_type} if body is not None else {}
        return self.client.send(method, '/scim/v2' + path, body, headers)

    def get(self, path):
        return self.send('GET', path)

    def post(self, path, document):
        return self.send('POST', path, document)

    def put(self, path, document):
        return self.send('PUT', path, document)

    def patch(self, path, *operations):
        return self.send('PATCH', path, patch(*operations))

    def delete(self, path):
        return self.send('DELETE', path)

    def find(self, kind, **terms):
        """The resources that a filter finds."""
        text = ' and '.join(f'{name.replace("_", ".")} eq {json.dumps(value)}' for name, value in terms.items())
        answer = self.get(f'/{kind}?filter={quote(text)}').expect(200)
        assert answer['schemas'] == [LIST] and answer['totalResults'] == len(answer['Resources'])
        return answer['Resources']

    def user(self, name=None, **more):
        """A new user's id."""
        self.count += 1
        name = name or f'user{self.count}.{self.id[-6:]}@example.org'
        return self.post('/Users', {'userName': name, **more}).expect(201)['id']

    def group(self, name, *members):
        return self.post('/Groups', {'displayName': name, 'members': [{'value': m} for m in members]}).expect(201)['id']

    def members(self, group):
        return {m['value'] for m in self.get('/Groups/' + group).expect(200)['members']}


def quote(text):
    from urllib.parse import quote as percent
    return percent(text, safe='')


def refused(answer, status, scim_type=None, rule=None):
    """RFC 7644 §3.12: checks the error and gives its detail."""
    assert answer.status == status, (answer.status, answer.body[:600])
    assert answer.header('Content-Type') == 'application/scim+json'
    error = answer.json()
    assert error['schemas'] == [ERROR] and error['status'] == str(status) and error['detail']
    assert error.get('scimType') == scim_type, error
    if rule is not None:
        assert error['rule'] == rule, error
    return error['detail']
