"""What a burst of password logins costs everybody else: 1,000 of them again and again, from as many addresses, while another
person's requests go on. Without a bound they would take the whole machine, 25 ms of a core each."""
import concurrent.futures
import os
import threading

from harness.gate_peer import Attacker

BURST, AT_ONCE = 1000, 40


class Bursts:
    """Logins until told to stop, counted by the status of the answer."""

    def __init__(self, instance):
        self.attacker, self.statuses, self.ended = Attacker(instance), {}, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def one(self, i):
        return None if self.ended.is_set() else self.attacker.guess(f'x{i}@example.org', f'10.{i // 250 % 250}.{i % 250}.1').status

    def run(self):
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            start = 0
            while not self.ended.is_set():
                for status in pool.map(self.one, range(start, start + BURST)):
                    self.statuses[status] = self.statuses.get(status, 0) + 1
                start += BURST


def run(instance, record, load, seconds):
    ask = {'port': instance.port, 'path': '/v1/me', 'token': instance.people()['requester'].token, 'seconds': seconds}
    for connections in (1, 8):
        before = load(instance, connections=connections, **ask)
        with Bursts(instance) as bursts:
            during = load(instance, connections=connections, **ask)
        assert set(bursts.statuses) <= {401, 503, None}, bursts.statuses
        record('login_burst_p99', during['p99_us'] / before['p99_us'], 'of the p99 without logins', 2, 'target', connections=connections,
               p99_us=(before['p99_us'], during['p99_us']), p50_us=(before['p50_us'], during['p50_us']),
               rate=(before['rate'], during['rate']), hashed=bursts.statuses.get(401, 0), put_off=bursts.statuses.get(503, 0),
               load_average=os.getloadavg()[0])
