"""Nobody approves themselves, and the number of people that the profile asks for is the number it takes."""
import os

from harness.instance import ROOT


def approve(client, request):
    return client.post(f'/v1/requests/{request["id"]}/approve', {'comment': 'mine'})


def test_not_even_the_administrator_approves_their_own(instance):
    both = instance.user('administrator', 'requester', 'approver')
    request = instance.request(client=both)
    approve(both, request).problem(403, rule='requester-is-approver')
    view = both.get('/v1/requests/' + request['id']).expect(200)
    assert view['state'] == 'awaiting_approval' and view['approvals'] == []


def test_another_token_of_the_same_person_is_the_same_person(instance):
    both = instance.user('requester', 'approver')
    made = both.post('/v1/tokens', {'label': 'second', 'expires_in_days': 1}).expect(201)
    second = instance.anonymous(token=made['secret'])
    request = instance.request(client=both)
    approve(second, request).problem(403, rule='requester-is-approver')
    second.post(f'/v1/requests/{request["id"]}/reject', {'comment': 'x'}).problem(403)


def test_a_change_of_role_does_not_make_another_person(instance):
    person = instance.user('requester')
    request = instance.request(client=person)
    instance.admin.post(f'/v1/users/{person.user_id}/roles', {'roles': ['approver']}).expect(200)
    approve(person, request).problem(403, rule='requester-is-approver')


def test_the_refusal_is_recorded(instance, people):
    both = instance.user('requester', 'approver')
    request = instance.request(client=both)
    approve(both, request).problem(403)
    entries = [e for e in people['auditor'].pages('/v1/audit/entries?actor_id=' + both.user_id)
               if e['action'] == 'request.approve']
    assert [e['outcome'] for e in entries] == ['denied']


def test_one_person_counts_once(instance, people):
    request = instance.request()
    first = approve(people['approver'], request)
    first.expect(200)
    again = approve(people['approver'], request)
    assert again.status == 409, again.body
    assert len(people['approver'].get('/v1/requests/' + request['id']).expect(200)['approvals']) == 1


def test_a_comment_is_needed(instance, people):
    request = instance.request()
    people['approver'].post(f'/v1/requests/{request["id"]}/approve', {}).problem(422, field='comment')


def test_approvals_race_to_one_certificate(instance, people):
    """Two approvers at the same moment: one decision wins, one certificate comes of it."""
    import threading
    request = instance.request(['race.example.org'])
    approvers = [instance.user('approver') for _ in range(4)]
    answers = []
    threads = [threading.Thread(target=lambda c=c: answers.append(approve(c, request).status)) for c in approvers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(200) == request['approvals_needed'], answers
    assert set(answers) <= {200, 409}
    done = instance.settled(people['approver'].get('/v1/requests/' + request['id']).expect(200))
    assert done['state'] == 'done'
    assert len(list(instance.admin.pages('/v1/certificates?name=race.example.org'))) == 1


def test_two_person_revocation_where_the_profile_says_so(instance, people, tmp_path):
    with open(os.path.join(ROOT, 'profiles', 'server-tls.yaml')) as f:
        text = f.read()
    guarded = tmp_path / 'guarded.yaml'
    guarded.write_text(text.replace('name: server-tls', 'name: server-tls-guarded').replace('revoke: 0', 'revoke: 1'))
    instance.cli('profile', 'install', guarded, '--data', instance.data).expect(0)
    certificate = instance.issue(['two.example.org'], profile='server-tls-guarded')
    answer = people['operator'].post(f'/v1/certificates/{certificate["id"]}/revoke', {'reason': 'superseded'}).expect(200)
    assert answer['outcome'] == 'awaiting_approval'
    view = instance.admin.get('/v1/certificates/' + certificate['id']).expect(200)
    assert view['status'] == 'active'
    instance.approve({'id': answer['request_id'], 'state': 'awaiting_approval'})
    assert instance.admin.get('/v1/certificates/' + certificate['id']).expect(200)['status'] == 'revoked'
