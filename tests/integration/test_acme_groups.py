"""Keys for external account binding in a group, and the accounts as those who look after them see them."""
import time

import pytest

from harness import acme, pki


class Place:
    """A directory, two groups whose members may ask for certificates there, and people who are nothing but members."""

    def __init__(self, instance):
        self.instance, self.world = instance, acme.World(instance)
        self.admin = self.world.admin
        self.web, self.mail = self.group('web', 'requester'), self.group('mail', 'requester')

    def group(self, name, role=None):
        made = self.admin.post('/v1/groups', {'name': f'{name}-{time.monotonic_ns()}'}).expect(201)['id']
        if role:
            self.bind(role, made, group_id=made)
        return made

    def bind(self, role, *groups, **subject):
        where = {'groups': list(groups)} if groups else {'all': True}
        return self.admin.post('/v1/bindings', {'role': role, 'reason': 'test', **where, **subject}).expect(201)

    def person(self):
        """Somebody without any right of their own."""
        person = self.instance.user('basic-user')
        for binding in self.admin.pages('/v1/bindings'):
            if binding.get('user_id') == person.user_id:
                self.admin.post(f'/v1/bindings/{binding["id"]}/end').expect(200)
        return person

    def member(self, *groups):
        person = self.person()
        for group in groups:
            self.admin.post(f'/v1/groups/{group}/add', {'user_id': person.user_id}).expect(200)
        return person

    def leave(self, person, group):
        self.admin.post(f'/v1/groups/{group}/remove', {'user_id': person.user_id}).expect(200)

    def account(self, person, group, **document):
        return self.world.account(self.world.eab(person, group_id=group, **document))

    def certificate(self, account, name='group.example.org'):
        order, url = account.order(name)
        assert order['status'] == 'valid', order
        return next(c for c in self.admin.pages(f'/v1/certificates?name={name}')), account.certificate(order)[0], url


@pytest.fixture(scope='module')
def place(instance):
    return Place(instance)


def test_a_member_asks_in_the_group_and_it_owns_what_comes_of_it(place):
    person = place.member(place.web)
    account = place.account(person, place.web)
    view, leaf, _ = place.certificate(account, 'owned.example.org')
    assert view['group_id'] == place.web and 'DNS:owned.example.org' in pki.text(leaf)
    request = next(r for r in place.admin.pages('/v1/requests?requester_id=' + person.user_id))
    assert request['group_id'] == place.web
    # The group's role of a requester may revoke what lies in the group.
    der = pki.der(leaf)
    account.post(account.directory['revokeCert'], {'certificate': acme.b64(der)}).expect(200)


def test_who_leaves_the_group_is_refused_with_the_next_request(place):
    person = place.member(place.web)
    account = place.account(person, place.web)
    made = account.new_order('leaves.example.org')
    order = made.expect(201)
    place.leave(person, place.web)
    acme.problem(account.finalize(order, pki.csr(['DNS:leaves.example.org'], form='DER')), 'unauthorized', 403, 'account-group-left')
    acme.problem(account.new_order('a.example.org'), 'unauthorized', 403, 'account-group-left')
    acme.problem(account.post(made.header('Location')), 'unauthorized', 403, 'account-group-left')
    place.admin.post(f'/v1/groups/{place.web}/add', {'user_id': person.user_id}).expect(200)
    account.new_order('a.example.org').expect(201)
    for binding in place.admin.pages('/v1/bindings'):
        if binding.get('group_id') == place.web:
            place.admin.post(f'/v1/bindings/{binding["id"]}/end').expect(200)
    acme.problem(account.new_order('a.example.org'), 'unauthorized', 403, 'account-group-left')
    place.bind('requester', place.web, group_id=place.web)
    account.new_order('a.example.org').expect(201)


def test_rights_from_elsewhere_do_not_count(place):
    """A requester everywhere, and a member of both groups: bound to a group the account has that group's rights alone."""
    person = place.instance.user('requester')
    for group in (place.web, place.mail):
        place.admin.post(f'/v1/groups/{group}/add', {'user_id': person.user_id}).expect(200)
    by_web, by_mail, by_person = place.account(person, place.web), place.account(person, place.mail), place.world.account(place.world.eab(person))
    views = [place.certificate(a, n)[0] for a, n in ((by_web, 'web.example.org'), (by_mail, 'mail.example.org'), (by_person, 'own.example.org'))]
    assert [v.get('group_id') for v in views] == [place.web, place.mail, None]
    place.leave(person, place.web)
    acme.problem(by_web.new_order('a.example.org'), 'unauthorized', 403, 'account-group-left')
    by_mail.new_order('a.example.org').expect(201)
    by_person.new_order('a.example.org').expect(201)


def test_a_group_that_may_only_look(place):
    reading = place.group('reading', 'basic-user')
    person = place.member(reading)
    account = place.account(person, reading)
    _, leaf, _ = place.certificate(account, 'look.example.org')
    answer = account.post(account.directory['revokeCert'], {'certificate': acme.b64(pki.der(leaf))})
    acme.problem(answer, 'unauthorized', 403)  # its role may ask, but not revoke


def test_members_of_a_nested_group(place):
    inner = place.group('inner')
    place.admin.post(f'/v1/groups/{place.web}/nest', {'child_id': inner}).expect(200)
    person = place.member(inner)
    view, _, _ = place.certificate(place.account(person, place.web), 'nested.example.org')
    assert view['group_id'] == place.web
    view, _, _ = place.certificate(place.account(person, inner), 'inner.example.org')
    assert view['group_id'] == inner  # by the binding of the group above
    acme.problem(place.account(person, inner).new_order('no.example.net'), 'rejectedIdentifier', 403)


def test_a_key_for_a_group_is_its_members(place):
    document = {'directory_id': place.world.directory['id'], 'label': 'x', 'group_id': place.web}
    stranger, silent = place.instance.user('requester'), place.group('silent')
    stranger.post('/v1/acme-eab-keys', document).problem(403, 'group_id', 'group-cannot-ask')
    place.admin.post(f'/v1/groups/{silent}/add', {'user_id': stranger.user_id}).expect(200)
    stranger.post('/v1/acme-eab-keys', {**document, 'group_id': silent}).problem(403, 'group_id', 'group-cannot-ask')
    stranger.post('/v1/acme-eab-keys', {**document, 'group_id': 'grp_0123456789abcdefghjkmnpqrs'}).problem(403, 'group_id', 'group-cannot-ask')
    member = place.member(place.web)
    made = member.post('/v1/acme-eab-keys', document).expect(201)
    assert made['eab']['group_id'] == place.web
    assert made['eab']['id'] in [e['id'] for e in member.pages('/v1/acme-eab-keys') if e.get('group_id') == place.web]
    # Made as a member, used after leaving.
    place.leave(member, place.web)
    acme.problem(place.world.client().new_account(made), 'unauthorized', 403, 'account-group-left')


def test_a_narrowed_token_makes_no_key(place):
    person = place.instance.user('requester')
    narrowed = person.post('/v1/tokens', {'label': 'x', 'expires_in_days': 1, 'roles': ['requester']}).expect(201)
    document = {'directory_id': place.world.directory['id'], 'label': 'x'}
    person.with_token(narrowed['secret']).post('/v1/acme-eab-keys', document).problem(403, rule='token-narrowed')


# ---- accounts as others see them ----

def test_accounts_are_listed_and_shown_within_the_scope(place):
    admin, person = place.admin, place.member(place.web)
    account = place.account(person, place.web)
    other = place.world.account(contact=['mailto:owner@example.org'])
    mine, theirs = (a.kid.rsplit('/', 1)[1] for a in (account, other))
    listed = {a['id']: a for a in admin.pages('/v1/acme-accounts?directory_id=' + place.world.directory['id'])}
    assert listed[mine]['group_id'] == place.web and listed[mine]['user_id'] == person.user_id and listed[mine]['eab_id']
    assert listed[theirs]['state'] == 'valid' and 'group_id' not in listed[theirs] and 'contact' not in listed[theirs]
    assert [a['id'] for a in admin.pages('/v1/acme-accounts?limit=1&user_id=' + person.user_id)] == [mine]
    assert admin.get('/v1/acme-accounts/' + theirs).expect(200)['contact'] == ['mailto:owner@example.org']
    local = place.person()
    place.bind('operator', place.web, user_id=local.user_id)
    assert mine in [a['id'] for a in local.pages('/v1/acme-accounts')] and theirs not in [a['id'] for a in local.pages('/v1/acme-accounts')]
    assert 'contact' not in local.get('/v1/acme-accounts/' + mine).expect(200)  # may not read users
    for call in (local.get('/v1/acme-accounts/' + theirs), local.post(f'/v1/acme-accounts/{theirs}/deactivate')):
        call.problem(404, 'account_id', 'account-unknown')
    person.get('/v1/acme-accounts').problem(403)  # a requester sees keys, not accounts


def test_accounts_without_group_lie_where_their_user_does(place):
    person, other = place.member(place.mail), place.instance.user('requester')
    inside, outside = (place.world.account(place.world.eab(p, **d)) for p, d in ((person, {'group_id': place.mail}), (other, {})))
    place.admin.post(f'/v1/groups/{place.mail}/add', {'user_id': other.user_id}).expect(200)
    local = place.person()
    place.bind('operator', place.mail, user_id=local.user_id)
    ids = [a['id'] for a in local.pages('/v1/acme-accounts')]
    assert all(a.kid.rsplit('/', 1)[1] in ids for a in (inside, outside))
    place.leave(other, place.mail)
    ids = [a['id'] for a in local.pages('/v1/acme-accounts')]
    assert inside.kid.rsplit('/', 1)[1] in ids and outside.kid.rsplit('/', 1)[1] not in ids


def test_an_account_is_deactivated_for_good(place):
    account = place.world.account()
    key, account_id = account.key, account.kid.rsplit('/', 1)[1]
    order = account.new_order('late.example.org').expect(201)
    auditor, operator = place.instance.people()['auditor'], place.instance.people()['operator']
    auditor.post(f'/v1/acme-accounts/{account_id}/deactivate').problem(403)
    assert operator.post(f'/v1/acme-accounts/{account_id}/deactivate').expect(200)['state'] == 'revoked'
    acme.problem(account.finalize(order, pki.csr(['DNS:late.example.org'], form='DER')), 'unauthorized', 401, 'account-deactivated')
    acme.problem(place.world.client(key).new_account(onlyReturnExisting=True), 'unauthorized', 401, 'account-deactivated')
    operator.post(f'/v1/acme-accounts/{account_id}/deactivate').problem(409, 'account_id', 'account-ended')
    assert account_id in [a['id'] for a in operator.pages('/v1/acme-accounts?state=revoked')]
    assert account_id not in [a['id'] for a in operator.pages('/v1/acme-accounts?state=valid')]
    entries = [e for e in auditor.pages('/v1/audit/entries?object_id=' + account_id) if e['outcome'] == 'done']
    assert [(e['action'], e['actor_id']) for e in entries][0] == ('acme.account.deactivate', operator.user_id)


def test_accounts_on_the_command_line(make_instance):
    instance = make_instance().start()
    world = acme.World(instance)
    account = world.account(contact=['mailto:cli@example.org'])
    account_id = account.kid.rsplit('/', 1)[1]
    made = world.admin.post('/v1/users', {'display_name': 'Ivy', 'roles': ['incident-manager']}).expect(201)
    instance.cli('enroll', instance.url, instance.find_link(made['link']), '--ca-file', instance.root_pem).expect(0)
    assert account_id in instance.cli('acme-account', 'list').expect(0).out
    assert 'cli@example.org' in instance.cli('acme-account', 'show', account_id).expect(0).out
    assert 'revoked' in instance.cli('acme-account', 'deactivate', account_id).expect(0).out
    acme.problem(account.new_order('a.example.org'), 'unauthorized', 401, 'account-deactivated')
