"""What the tests of approvals share: two administrators who can decide on each other's doings, and rules that end with a test."""
import time

HOUR, DAY = 3600, 86400


def after(days):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + days * DAY))


def approve(client, request, comment='fine'):
    return client.post(f'/v1/requests/{request["id"]}/approve', {'comment': comment})


def stage(who, approvers=1):
    return {'who': who, 'approvers': approvers}


class House:
    """An instance with two administrators whom nobody of the other enrolled: they can decide on each other's doings."""

    def __init__(self, instance):
        self.instance, self.admin = instance, instance.enroll_admin()
        self.second = instance.enroll(instance.cli('invite', '--data', instance.data).expect(0).out)
        self.rules = []

    def rule(self, action, *stages, client=None, **more):
        made = (client or self.admin).post('/v1/approval-rules', {
            'action': action, 'stages': list(stages), 'reason': 'test', **more}).expect(201)
        self.rules.append(made['id'])
        return made

    def guard(self, *stages, **more):
        """A rule for changes of policy: in force once the other administrator has agreed to it."""
        made = self.rule('policy_change', *stages, **more)
        assert made['state'] == 'proposed', made
        waiting = self.proposal(rule_id=made['id'], state='awaiting_approval')
        self.second.post(f'/v1/proposals/{waiting["id"]}/approve', {'comment': 'two of us'}).expect(200)
        return self.admin.get('/v1/approval-rules/' + made['id']).expect(200)

    def end_rules(self):
        """So that the next test begins without; where ending is ruled itself, the second administrator agrees."""
        for rule in reversed(self.rules):
            done = self.admin.post(f'/v1/approval-rules/{rule}/end', {'reason': 'over'}).expect(200)
            if done['state'] != 'ended':
                waiting = [p for p in self.admin.pages('/v1/proposals')
                           if p.get('rule_id') == rule and p['state'] == 'awaiting_approval']
                for proposal in waiting:
                    self.second.post(f'/v1/proposals/{proposal["id"]}/approve', {'comment': 'over'}).expect(200)
        self.rules = []

    def group(self, name):
        return self.admin.post('/v1/groups', {'name': name}).expect(201)['id']

    def account(self, role='basic-user'):
        """A person whose own bindings have all ended."""
        person = self.instance.user(role)
        for binding in list(self.admin.pages('/v1/bindings')):
            if binding.get('user_id') == person.user_id and binding['state'] == 'active':
                self.admin.post(f'/v1/bindings/{binding["id"]}/end').expect(200)
        return person

    def bind(self, person, role, **fields):
        return self.admin.post('/v1/bindings', {'user_id': person.user_id, 'role': role, 'all': True,
                                                'reason': 'test', **fields}).expect(201)

    def entries(self, query):
        return list(self.instance.people()['auditor'].pages('/v1/audit/entries?' + query))

    def proposal(self, **match):
        return next(p for p in self.admin.pages('/v1/proposals') if all(p.get(k) == v for k, v in match.items()))
