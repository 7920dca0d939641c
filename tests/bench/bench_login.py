"""What a burst of 1,000 password logins costs everybody else: all at once over 40 connections, each from an address of its own, those that
are put off coming back as they are told to, while another person's requests go on. Without a bound they would take the whole machine, 25 ms of
a core each. Quiet and burst are measured in turns, as long as a burst lasts, and the client of the logins is one lean process
(login_burst.py) whose share of the processor is printed beside."""
import json
import os
import statistics
import subprocess
import sys

AT_ONCE, COUNT, TURNS = 40, 1000, 3
BURST = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'login_burst.py')


class Bursts:
    """Logins until told to stop; then what came of them."""

    def __init__(self, instance):
        path, uid = os.path.join(instance.data, 'run', 'core.sock'), instance.roles()['gate']['uid']
        self.command = [sys.executable, BURST, path, str(uid), instance.url, str(AT_ONCE), str(COUNT)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == 'ready\n'
        return self

    def __exit__(self, *_):
        self.told = json.loads(self.process.communicate()[0])


def run(instance, record, load, seconds):
    ask = {'port': instance.port, 'path': '/v1/me', 'token': instance.people()['requester'].token, 'seconds': seconds}
    for connections in (1, 8):
        turns, told = [], []
        for _ in range(TURNS):
            before = load(instance, connections=connections, **ask)
            with Bursts(instance) as bursts:
                during = load(instance, connections=connections, **ask)
            assert set(bursts.told['statuses']) <= {'401', '429', '503'}, bursts.told
            turns.append((before, during))
            told.append(bursts.told)
        middle = lambda key, which: statistics.median(turn[which][key] for turn in turns)  # noqa: E731
        total = lambda status: sum(one['statuses'].get(status, 0) for one in told)  # noqa: E731
        record('login_burst_p99', statistics.median(d['p99_us'] / b['p99_us'] for b, d in turns), 'of the p99 without logins', 2, 'target',
               connections=connections, turns=[round(d['p99_us'] / b['p99_us'], 2) for b, d in turns],
               p99_us=(middle('p99_us', 0), middle('p99_us', 1)), p50_us=(middle('p50_us', 0), middle('p50_us', 1)),
               rate=(middle('rate', 0), middle('rate', 1)), hashed=total('401'), put_off=total('503') + total('429'), left=sum(one['left'] for one in told),
               attacker_cpu=round(sum(one['cpu_s'] for one in told) / sum(one['seconds'] for one in told), 3),
               load_average=os.getloadavg()[0])
