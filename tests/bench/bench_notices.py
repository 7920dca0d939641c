"""Customer notices: composing them, and handing them over to a mail sink on this machine, beside what that sink takes from a client that
does nothing else, over one connection too."""
import smtplib
import time

from harness.instance import Instance, wait_for
from harness.notices import Scene, add_contacts, settings
from harness.smtp import Sink

LIMIT_LETTERS = 2000


def sink_limit(sink, letter):
    """Letters a second of this size, from smtplib."""
    before = sink.count
    with smtplib.SMTP('127.0.0.1', sink.port) as client:
        start = time.monotonic()
        for i in range(LIMIT_LETTERS):
            client.sendmail('limit@ca.example', [f'l{i}@customer.example'], letter)
        elapsed = time.monotonic() - start
    assert sink.count - before == LIMIT_LETTERS
    return LIMIT_LETTERS / elapsed


def run(record, count):
    sink = Sink(keep=False)
    instance = Instance(settings=settings(sink.port)).start()
    try:
        scene = Scene(instance, ['payments']).confirm().contain()
        add_contacts(scene, count)
        start = time.monotonic()
        notice = scene.drafted(limit_s=600)
        composing = time.monotonic() - start
        limit = sink_limit(sink, b'Subject: x\r\n\r\n' + (b'x' * 76 + b'\r\n') * 20)
        before, start = sink.count, time.monotonic()
        scene.approve(notice).expect(200)
        wait_for(lambda: sink.count - before >= count, 'every letter', 3600, 0.2)
        elapsed = time.monotonic() - start
        scene.done(notice, 60)
    finally:
        instance.destroy()
        sink.stop()
    record('notice_compose', count / composing, 'texts/s', rows=count)
    record('notice_deliver', count / elapsed, 'letters/s', limit, 'the sink alone, from smtplib', rows=count, seconds=round(elapsed, 1))
