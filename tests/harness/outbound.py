"""The outbound process alone (tests/lib/outbound_call.c): requests in, verdicts out."""
import json
import os
import subprocess

from harness.instance import BUILD

TOKEN, KEY_AUTHORIZATION = 'evaGxfADs6pSRb2LAv9IZ', 'evaGxfADs6pSRb2LAv9IZ.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI'


def challenge(kind, name, **more):
    return {'op': 'validate', 'kind': kind, 'name': name, 'token': TOKEN, 'key_authorization': KEY_AUTHORIZATION,
            'timeout_ms': 3000, **more}


def caa_check(name, **more):
    return {'op': 'caa', 'name': name, 'issuers': ['ca.example'], 'timeout_ms': 3000, **more}


def ask(requests, limit_s=40, **options):
    """All at once; the answers in the order of the requests."""
    command = [os.path.join(BUILD, 'tests', 'lib', 'outbound_call'), *(f'{k}={v}' for k, v in options.items())]
    lines = ''.join(json.dumps({**request, 'id': i}) + '\n' for i, request in enumerate(requests))
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=limit_s)
    assert done.returncode == 0, f'{command} ended with {done.returncode}: {done.stderr}'
    answers = {answer['id']: answer for answer in map(json.loads, done.stdout.splitlines())}
    assert len(answers) == len(requests), done.stderr
    return [answers[i] for i in range(len(requests))]


def ask_one(request, **options):
    return ask([request], **options)[0]
