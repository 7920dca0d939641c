"""Two nodes over one PostgreSQL: what one is told, the other obeys with its next request."""
import pytest

from harness.node import Node

ENGINES = ['postgres']  # SQLite is one node's
PACK = '''pack: contract
version: "{version}"
title: Contract
document: Service contract {version}
read: primary
status: in-force
effective_from: 2026-01-01
duties:
  - {{id: tell, title: Tell the customer, obligation: must, trigger: [aware], scope: incident, limit: {limit}, satisfied_by: [disclosed],
     owed_to: [customers], section: "4.2", warnings: [50]}}
'''


@pytest.fixture(scope='module')
def nodes(make_instance, tmp_path_factory):
    first = make_instance()
    second = Node(first, str(tmp_path_factory.mktemp('second')))
    first.start()
    second.start()
    first.enroll_admin()
    yield first.admin, second.anonymous(token=first.admin.token)
    second.stop()


def test_a_setting_holds_on_the_other_node_at_once(nodes):
    for one, other in (nodes, nodes[::-1]):
        one.put('/v1/settings/token-life', {'value': 7, 'reason': 'x'}).expect(200)
        other.post('/v1/tokens', {'label': 'x', 'expires_in_days': 8}).problem(422, rule='token-too-long')
        one.put('/v1/settings/token-life', {'value': 30, 'reason': 'x'}).expect(200)
        other.post('/v1/tokens', {'label': 'x', 'expires_in_days': 8}).expect(201)
    assert nodes[0].get('/v1/settings/token-life').expect(200)['version'] == 4


def test_a_rule_pack_applies_on_the_other_node_at_once(nodes):
    for (one, other), version, limit in ((nodes, '1', '24h'), (nodes[::-1], '2', '2d')):
        one.post('/v1/rule-packs', {'text': PACK.format(version=version, limit=limit), 'reason': 'x'}).expect(201)
        one.post('/v1/rule-packs/contract/activate', {'version': version, 'reason': 'x'}).expect(200)
        rules = other.get('/v1/incident-rules').expect(200)['items']
        assert [(r['version'], r['duties'][0]['limit']) for r in rules if r['name'] == 'contract'][-1] == (version, limit)
    assert all(node.get('/v1/changes/check').expect(200)['intact'] for node in nodes)
