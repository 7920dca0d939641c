"""Rows for every list of the contract, and how each list is read: what names a row, and for each filter the rows that it
keeps. A list or a filter of the contract that has no line here fails tests/integration/test_lists.py."""
import datetime
from dataclasses import dataclass, field

from harness import acme, alerts, imap, pki
from harness.instance import wait_for

UNKNOWN = '0' * 26


def equal(name):
    """A filter that keeps rows whose member is the value."""
    return lambda row, value: row.get(name) == value


@dataclass
class List:
    path: str
    row_id: object = 'id'  # a member, or several that name a row together
    # name: (values, one of which keeps some rows and one of which drops some; whether a row is kept)
    filters: dict = field(default_factory=dict)
    order: str = 'created'  # member by which the newest comes first; None: another order
    after: str = None       # pages by this member of the last row, in place of a cursor
    caller: object = None


class Rows:
    """A drill instance with at least three rows in every list."""

    def __init__(self, instance):
        self.instance, self.admin = instance, instance.enroll_admin()
        self.people = instance.people()
        self.officer = instance.user('security-officer', name='Officer')
        self.other = instance.user('requester', name='Other')
        for make in (self.access, self.certificates, self.requests, self.acme, self.incidents, self.reviews, self.federation,
                     self.approvals, self.issuer):
            make()

    def moment(self, days):
        now = self.admin.get('/v1/system/clock').expect(200)['now']
        at = datetime.datetime.fromisoformat(now.replace('Z', '+00:00')) + datetime.timedelta(days=days)
        return at.strftime('%Y-%m-%dT%H:%M:%SZ')

    def make(self, path, client=None, status=201, **document):
        return (client or self.admin).post(path, document).expect(status)

    def access(self):
        self.groups = [self.make('/v1/groups', name=f'group-{i}')['id'] for i in range(3)]
        for i in range(3):
            self.make('/v1/tokens', label=f'token {i}', expires_in_days=60)
        for i in range(3):
            self.make('/v1/service-accounts', display_name=f'robot {i}', purpose='test', owner_id=self.other.user_id)
        directory = self.make('/v1/scim-clients', display_name='directory')
        for group in self.groups:
            self.make(f'/v1/scim-groups/{group}', status=200, client_id=directory['client']['user_id'])
        self.leavers = [self.instance.user('basic-user', name=f'Leaver {i}') for i in range(3)]
        for leaver in self.leavers:
            self.make(f'/v1/users/{leaver.user_id}/leave', status=200, reason='retires', left=self.moment(30), due=self.moment(30.9))

    def issue(self, name, client=None, **fields):
        done = self.instance.settled(self.instance.request([name], profile='server-tls-auto', client=client, **fields))
        return self.admin.get('/v1/certificates/' + done['certificate_id']).expect(200)

    def certificates(self):
        tags = [{'name': 'env', 'value': 'prod'}]
        self.certificate = self.issue('one.example.org', tags=tags)
        self.issue('three.example.org', client=self.other)
        self.instance.revoke(self.issue('four.example.org'))
        other_profile = self.instance.approve(self.instance.request(['five.example.org'], profile='server-tls'))
        assert self.instance.settled(other_profile)['state'] == 'done'

    def requests(self):
        waiting = [self.instance.request([f'wait{i}.example.org'], profile='server-tls', client=self.other) for i in range(2)]
        self.other.post(f'/v1/requests/{waiting[0]["id"]}/cancel').expect(200)
        renewed = self.make(f'/v1/certificates/{self.certificate["id"]}/renew', client=self.people['requester'])
        self.instance.settled(renewed)

    def acme(self):
        self.worlds = [acme.World(self.instance) for _ in range(3)]
        for world, client in ((self.worlds[0], None), (self.worlds[0], None), (self.worlds[1], self.other)):
            world.account(world.eab(client))
        listed = next(iter(self.admin.pages('/v1/acme-accounts')))
        self.admin.post(f'/v1/acme-accounts/{listed["id"]}/deactivate').expect(200)
        for i in range(3):
            self.make('/v1/renewal-windows', start=self.moment(i + 1), end=self.moment(i + 2), certificate_profile='server-tls-auto')

    def mailboxes(self):
        for i in range(3):
            self.server.put(imap.letter(subject=f'report {i}'))
        for i in range(3):
            self.make('/v1/mailboxes', **self.server.mailbox(name=f'reports-{i}', poll_seconds=3600))
        # Whichever is read first takes them all; the others see what is known.
        wait_for(lambda: all('checked' in m for m in self.admin.pages('/v1/mailboxes')), 'the mailboxes are read', 60)
        self.mailbox = next(m['id'] for m in self.admin.pages('/v1/mailboxes')
                            if list(self.admin.pages(f'/v1/mailboxes/{m["id"]}/messages')))

    def incidents(self):
        opened = [self.make('/v1/incidents', type='misissuance', impact='medium', urgency='high', source='self_reported',
                            title=f'Incident {i}', summary='Names of another.', tracks=['public', 'customer'], certificates=['tls']) for i in range(3)]
        self.incident = opened[0]['id']
        for i in range(3):
            self.make(f'/v1/incidents/{self.incident}/timeline', kind='note', detail=f'note {i}')
        self.scope = self.make(f'/v1/incidents/{self.incident}/scopes', comment='all', issued_after='2020-01-01T00:00:00Z')['id']
        for i in range(3):
            self.make('/v1/notice-contacts', role='security', language='en', name=f'contact {i}', email=f'c{i}@customer.example')
        for i in range(3):
            self.make('/v1/incident-packs', **{'from': '2025-01-01T00:00:00Z', 'until': f'2025-0{i + 2}-01T00:00:00Z'})
        self.server = imap.Server()
        try:
            self.mailboxes()
        finally:
            self.server.destroy()
        self.tools = [alerts.Tool(self.instance, f'tool-{i}') for i in range(3)]
        for i in range(3):
            self.tools[0].send({'rule': 'r', 'subject': f's-{i}', 'title': f'Alert {i}'}).expect(200)
        self.make(f'/v1/incidents/{self.incident}/timeline', kind='issuance_stopped', detail='stopped')
        self.notice = self.make(f'/v1/incidents/{self.incident}/notices', scope_id=self.scope, nature='a mistake', impact='none yet',
                                steps=['2031-12-01T12:00:00Z; Somebody; Something'])['id']
        wait_for(lambda: self.admin.get(f'/v1/incidents/{self.incident}/notices/{self.notice}').expect(200)['state'] == 'drafted',
                 'the texts are there', 60, 0.2)
        blocks = [self.make('/v1/blocks', incident_id=self.incident, kind='name', domain=f'no{i}.example.net', reason='because')['id']
                  for i in range(6)]
        for block in blocks[:3]:
            self.make(f'/v1/blocks/{block}/lift', client=self.officer, status=200, reason='over')

        person = self.leavers[0].user_id
        self.make('/v1/notice-contacts', user_id=person, role='technical', language='en', name='on call', email='oncall@ca.example')
        roster = self.make('/v1/oncall-rosters', name='line', severity='critical', first=self.moment(-1), shift_hours=24, escalate_minutes=1440,
                           first_level=[person])['id']
        for i in range(3):
            self.make(f'/v1/oncall-rosters/{roster}/test')
        freezes = [self.make('/v1/freezes', incident_id=self.incident, kind='user', user_id=self.leavers[1].user_id, reason='because')['id']
                   for i in range(6)]
        for freeze in freezes[:3]:
            self.make(f'/v1/freezes/{freeze}/lift', client=self.officer, status=200, reason='over')

    def reviews(self):
        reviews = [self.make('/v1/access-reviews', client=self.officer, reason=f'review {i}', roles=['requester', 'approver', 'operator'])
                   for i in range(3)]
        self.review = reviews[0]['id']
        item = next(iter(self.admin.pages(f'/v1/access-reviews/{self.review}/items')))
        self.make(f'/v1/access-reviews/{self.review}/decide', client=self.officer, status=200, binding_id=item['binding_id'],
                  decision='certify', comment='looked at it')

    def approvals(self):
        """Three of each: delegations, rules, and bindings that wait for the decision that a rule wants."""
        for to in (self.people['requester'], self.people['operator'], self.other):
            self.make('/v1/delegations', client=self.people['approver'], delegate_id=to.user_id, expires=self.moment(7),
                      reason='holiday')
        for role in ('operator', 'manager', 'finance-manager'):
            self.make('/v1/approval-rules', action='role_grant', role=role, reason='test', stages=[{'who': 'any', 'approvers': 1}])
        for leaver in self.leavers:
            self.make('/v1/bindings', user_id=leaver.user_id, role='finance-manager', all=True, reason='asked for')

    def issuer(self):
        """Last: from here on a request has to name its issuer."""
        self.first_issuer = self.instance.issuer()['id']
        self.instance.cli('ca', 'create', '--name', 'third', '--parent', self.instance.issuer('root')['name'], '--key-type', 'p256',
                          '--subject', 'CN=Third,O=Test', '--data', self.instance.data).expect(0)
        third = next(i['id'] for i in self.admin.pages('/v1/issuers') if i['name'] == 'third')
        self.issue('two.below.example.org', issuer_id=third, validity_days=5)

    def federation(self):
        providers = [self.make('/v1/oidc-providers', name=f'provider-{i}', issuer=f'https://p{i}.example.org', client_id='certinext')
                     for i in range(3)]
        for i, person in enumerate(('requester', 'approver', 'operator')):
            self.make('/v1/oidc-identities', provider_id=providers[i]['id'], subject=f's{i}', user_id=self.people[person].user_id)

    # how each is read

    def certificate_filters(self):
        certificate = self.certificate
        return {
            'name': (['one.example.org', '*.below.example.org', 'none.example.org'],
                     lambda row, value: any(n['value'].endswith(value.lstrip('*')) if value[0] == '*' else n['value'] == value
                                            for n in row['names'])),
            'serial': ([certificate['serial'], 'ff' * 8], equal('serial')),
            'sha256': ([certificate['sha256'], 'ff' * 32], equal('sha256')),
            'spki_sha256': ([certificate['spki_sha256'], 'ff' * 32], equal('spki_sha256')),
            'issuer_id': ([certificate['issuer_id'], 'iss_' + UNKNOWN], equal('issuer_id')),
            'certificate_profile': (['server-tls', 'server-tls-auto', 'smime'], equal('certificate_profile')),
            'status': (['active', 'revoked', 'expired'], equal('status')),
            'expires_after': ([self.moment(10), self.moment(4000)], lambda row, value: row['not_after'] >= value),
            'expires_before': ([self.moment(10), self.moment(0)], lambda row, value: row['not_after'] < value),
            'tag': (['env=prod', 'env=test'],
                    lambda row, value: value in [f'{t["name"]}={t["value"]}' for t in row.get('tags', [])]),
        }

    def lists(self):
        requester, other, certificate = self.people['requester'].user_id, self.other.user_id, self.certificate
        users = ([other, 'usr_' + UNKNOWN], equal('user_id'))
        requesters = ([other, 'usr_' + UNKNOWN], equal('requester_id'))
        change = next(c for c in self.admin.pages('/v1/changes') if c['object'] == 'group')
        incident = f'/v1/incidents/{self.incident}'
        return {
            'user_list': List('/v1/users'),
            'token_list': List('/v1/tokens', filters={'user_id': users}),
            'group_list': List('/v1/groups'),
            'service_account_list': List('/v1/service-accounts'),
            'scim_group_list': List('/v1/scim-groups', 'group_id'),
            'binding_list': List('/v1/bindings'),
            'review_list': List('/v1/access-reviews'),
            'review_items': List(f'/v1/access-reviews/{self.review}/items', 'binding_id', order=None,
                                 filters={'open': (['true', 'false'], lambda row, value: value == 'false' or row['state'] == 'open')}),
            'leaver_list': List('/v1/leavers', 'user_id', order='marked'),
            'oidc_provider_list': List('/v1/oidc-providers'),
            'oidc_identity_list': List('/v1/oidc-identities'),
            'issuer_list': List('/v1/issuers', order=None),
            'profile_list': List('/v1/certificate-profiles', 'name', order=None),
            'request_list': List('/v1/requests', filters={
                'state': (['awaiting_approval', 'done', 'cancelled', 'failed'], equal('state')),
                'kind': (['issue', 'renew', 'replace'], equal('kind')), 'requester_id': requesters}),
            'certificate_list': List('/v1/certificates', filters={**self.certificate_filters(), 'requester_id': requesters}),
            'audit_list': List('/v1/audit/entries', order='time', filters={
                'action': (['user.enroll', 'no.such.action'], equal('action')),
                'actor_id': ([requester, 'usr_' + UNKNOWN], equal('actor_id')),
                'object_id': ([certificate['id'], 'crt_' + UNKNOWN], equal('object_id'))}),
            'approval_rule_list': List('/v1/approval-rules'),
            'proposal_list': List('/v1/proposals'),
            'delegation_list': List('/v1/delegations', order=None),
            'change_list': List('/v1/changes', ('object', 'key', 'version', 'entry_id'), order='time', filters={
                'object': (['group', 'issuer', 'user'], equal('object')), 'key': ([change['key'], 'none'], equal('key'))}),
            'incident_list': List('/v1/incidents', filters={'state': (STATES, equal('state'))}),
            'incident_packs': List('/v1/incident-packs', order='made'),
            'incident_timeline': List(incident + '/timeline', 'seq', order=None, after='seq'),
            'incident_scope_certificates': List(f'{incident}/scopes/{self.scope}/certificates', 'certificate_id', order=None,
                                                after='certificate_id'),
            'alert_source_list': List('/v1/alert-sources'),
            'alert_delivery_list': List(f'/v1/alert-sources/{self.tools[0].id}/deliveries', order='received'),
            'mailbox_list': List('/v1/mailboxes'),
            'mailbox_messages': List(f'/v1/mailboxes/{self.mailbox}/messages', order='received'),
            'notice_contacts': List('/v1/notice-contacts'),
            'notice_ledger': List(f'{incident}/notices/{self.notice}/ledger', 'delivery_id', order=None),
            'block_list': List('/v1/blocks', order='placed', filters={
                'lifted': (['false', 'true'], lambda row, value: value == 'true' or 'lifted' not in row)}),
            'oncall_pages': List('/v1/pages'),
            'freeze_list': List('/v1/freezes', order='placed', filters={
                'lifted': (['false', 'true'], lambda row, value: value == 'true' or 'lifted' not in row)}),
            'acme_directory_list': List('/v1/acme-directories'),
            'acme_eab_list': List('/v1/acme-eab-keys'),
            'acme_account_list': List('/v1/acme-accounts', filters={
                'directory_id': ([self.worlds[0].directory['id'], 'acd_' + UNKNOWN], equal('directory_id')),
                'user_id': users, 'state': (['valid', 'deactivated', 'revoked'], equal('state'))}),
            'renewal_window_list': List('/v1/renewal-windows'),
        }


STATES = ['reported', 'triage', 'closed']
