"""Structure of what an incident is exported as, written from the specifications: RFC 7970 §3 (order, cardinality and enumerations of the classes
used), the OCSF 1.3.0 definition of class 2005, and the VERIS 1.4.1 community schema. No schema file is copied here."""
import re
import xml.etree.ElementTree as ET

NS = '{urn:ietf:params:xml:ns:iodef-2.0}'
LANG = '{http://www.w3.org/XML/1998/namespace}lang'
TIME = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)')
MANY = 10**6
# (element, least, most) in their order.
INCIDENT = [('IncidentID', 1, 1), ('AlternativeID', 0, 1), ('RelatedActivity', 0, MANY), ('DetectTime', 0, 1), ('StartTime', 0, 1),
            ('EndTime', 0, 1), ('RecoveryTime', 0, 1), ('ReportTime', 0, 1), ('GenerationTime', 1, 1), ('Description', 0, MANY),
            ('Discovery', 0, MANY), ('Assessment', 0, MANY), ('Method', 0, MANY), ('Contact', 1, MANY), ('EventData', 0, MANY),
            ('IndicatorData', 0, 1), ('History', 0, 1), ('AdditionalData', 0, MANY)]
CHILDREN = {'IODEF-Document': [('Incident', 1, MANY)], 'Incident': INCIDENT,
            'RelatedActivity': [('IncidentID', 0, MANY), ('URL', 0, MANY), ('Description', 0, MANY)],
            'Assessment': [('BusinessImpact', 0, MANY)], 'Contact': [('ContactName', 1, MANY)], 'History': [('HistoryItem', 1, MANY)],
            'HistoryItem': [('DateTime', 1, 1), ('Description', 0, MANY)]}
ENUMS = {('Incident', 'purpose'): 'traceback mitigation reporting watch other',
         ('Incident', 'status'): 'new in-progress forwarded resolved future',
         ('Incident', 'restriction'): 'public partner need-to-know private default white green amber red',
         ('Discovery', 'source'): 'nidps hips siem av third-party-monitoring incident os-log application-log device-log network-flow passive-dns '
                                  'investigation audit internal-notification external-notification leo partner actor unknown',
         ('Assessment', 'occurrence'): 'actual potential',
         ('BusinessImpact', 'severity'): 'none low medium high unknown',
         ('BusinessImpact', 'type'): 'breach-proprietary breach-privacy breach-credential loss-of-integrity loss-of-service theft-financial '
                                     'theft-service degraded-reputation asset-damage asset-manipulation legal extortion unknown',
         ('Contact', 'role'): 'creator reporter admin tech provider user billing legal irt abuse cc cc-irt leo vendor vendor-support victim '
                              'victim-notified',
         ('Contact', 'type'): 'person organization',
         ('HistoryItem', 'action'): 'nothing contact-source-host contact-source-site contact-sender investigate block-host block-network '
                                    'block-port rate-limit-host rate-limit-network rate-limit-port redirect-traffic honeypot upgrade-software '
                                    'rebuild-asset hardening remediate-other status-triage status-new-info watch-and-report training '
                                    'defined-coa other'}
REQUIRED = {'Incident': {'purpose'}, 'IncidentID': {'name'}, 'Contact': {'role', 'type'}, 'HistoryItem': {'action'}, 'BusinessImpact': {'type'}}


def check_element(element):
    name = element.tag.removeprefix(NS)
    assert element.tag.startswith(NS), element.tag
    assert REQUIRED.get(name, set()) <= set(element.attrib), (name, element.attrib)
    for attribute, value in element.attrib.items():
        if (name, attribute) in ENUMS:
            assert value in ENUMS[name, attribute].split(), (name, attribute, value)
        else:
            assert (name, attribute) in {('IODEF-Document', 'version'), ('IODEF-Document', LANG), ('IncidentID', 'name')}, (name, attribute)
    if name.endswith('Time'):
        assert TIME.fullmatch(element.text), (name, element.text)
    if name not in CHILDREN:
        assert len(element) == 0, name
        return
    order = [each for each, _, _ in CHILDREN[name]]
    names = [child.tag.removeprefix(NS) for child in element]
    assert [order.index(each) for each in names] == sorted(order.index(each) for each in names), names
    for each, least, most in CHILDREN[name]:
        assert least <= names.count(each) <= most, (name, each, names.count(each))
    for child in element:
        check_element(child)


def iodef(text):
    root = ET.fromstring(text)
    assert root.tag == NS + 'IODEF-Document' and root.get('version') == '2.00' and root.get(LANG) == 'en'
    check_element(root)
    return root.find(NS + 'Incident')


OCSF = {'activity_id': {0, 1, 2, 3, 99}, 'category_uid': {2}, 'class_uid': {2005}, 'severity_id': {0, 1, 2, 3, 4, 5, 6, 99},
        'status_id': {0, 1, 2, 3, 4, 5, 99}, 'type_uid': {200500, 200501, 200502, 200503, 200599}, 'impact_id': {0, 1, 2, 3, 4, 99},
        'priority_id': {0, 1, 2, 3, 4, 99}, 'verdict_id': {*range(11), 99}}
OCSF_OTHER = {'activity_name': str, 'category_name': str, 'class_name': str, 'time': int, 'severity': str, 'impact': str, 'priority': str,
              'status': str, 'verdict': str, 'is_suspected_breach': bool, 'message': str, 'desc': str, 'assignee': dict, 'assignee_group': dict,
              'finding_info_list': list, 'metadata': dict, 'unmapped': dict}
FINDING = {'uid': str, 'title': str, 'types': list, 'created_time': int, 'modified_time': int, 'first_seen_time': int, 'desc': str}


def ocsf(event):
    for name in ('activity_id', 'category_uid', 'class_uid', 'finding_info_list', 'metadata', 'severity_id', 'status_id', 'time', 'type_uid'):
        assert name in event, name
    for name, value in event.items():
        assert value in OCSF[name] if name in OCSF else isinstance(value, OCSF_OTHER[name]), (name, value)
    assert event['type_uid'] == event['class_uid'] * 100 + event['activity_id']
    assert ('assignee' in event) != ('assignee_group' in event)
    assert {'name', 'uid'} & set(event.get('assignee') or event['assignee_group'])
    for finding in event['finding_info_list']:
        assert 'uid' in finding and all(isinstance(value, FINDING[name]) for name, value in finding.items()), finding
    assert event['metadata']['version'] == '1.3.0' and event['metadata']['product']['vendor_name']
    assert 1e12 < event['time'] < 1e13, 'milliseconds'
    return event


VERIS_REQUIRED = {'actor', 'action', 'discovery_method', 'schema_version', 'asset', 'timeline', 'attribute', 'incident_id', 'security_incident'}
VERIS = VERIS_REQUIRED | {'source_id', 'summary', 'notes', 'victim', 'plus', 'reference', 'confidence', 'impact', 'targeted'}
UNITS = {'NA', 'Unknown', 'Seconds', 'Minutes', 'Hours', 'Days', 'Weeks', 'Months', 'Years', 'Never'}


def veris(record):
    assert VERIS_REQUIRED <= set(record) <= VERIS, set(record) - VERIS
    assert record['schema_version'] == '1.4.1'
    assert record['security_incident'] in ('Confirmed', 'Suspected', 'Near miss', 'False positive')
    assert set(record['actor']) <= {'external', 'internal', 'partner', 'unknown'} and record['actor']
    assert set(record['action']) <= {'malware', 'hacking', 'social', 'misuse', 'physical', 'error', 'environmental', 'unknown'} and record['action']
    assert set(record['attribute']) <= {'confidentiality', 'integrity', 'availability'} and record['attribute']
    for name, attribute in record['attribute'].items():
        if name == 'confidentiality':
            assert attribute['data_disclosure'] in ('Yes', 'Potentially', 'No', 'Unknown')
        else:
            assert attribute['variety'] and len(set(attribute['variety'])) == len(attribute['variety'])
    assert all(set(asset) <= {'variety', 'amount'} and asset['variety'] for asset in record['asset']['assets']) and record['asset']['assets']
    way, = record['discovery_method'].items()
    assert way[0] in ('external', 'internal', 'partner', 'other', 'unknown')
    assert set(record['timeline']) <= {'incident', 'compromise', 'exfiltration', 'discovery', 'containment'}
    assert set(record['timeline']['incident']) <= {'year', 'month', 'day', 'time'} and record['timeline']['incident']['year'] > 1999
    for name, span in record['timeline'].items():
        assert name == 'incident' or (span['unit'] in UNITS and ('value' in span) == (span['unit'] == 'Minutes')), span
    assert {'country', 'employee_count', 'industry'} <= set(record['victim']) and re.fullmatch(r'\d{2}-?\d{0,4}', record['victim']['industry'])
    return record
