"""kill -9 of core and outbound, again and again, while a notice goes to 10,000 recipients (part of `make torture`, which sets
CX_TORTURE_RECIPIENTS; a sample otherwise): nobody is missed, nobody is told under two Message-IDs."""
import os

import pytest

from harness.notices import Scene, add_contacts, settings, tell_through_kills
from harness.smtp import Sink


@pytest.mark.limit(1500)
def test_kill_9_over_many_recipients(make_instance, capsys):
    count, sink = int(os.environ.get('CX_TORTURE_RECIPIENTS', '120')), Sink()
    try:
        scene = Scene(make_instance(drill=True, settings=settings(sink.port)).start(), ['payments']).confirm().contain()
        add_contacts(scene, count)
        victims = ['core', 'outbound', 'core', 'outbound']
        twice = tell_through_kills(scene.instance, scene, sink, victims, count)
        assert twice <= len(victims) * 32
    finally:
        sink.stop()
    with capsys.disabled():
        print(f'notices: {count} recipients, {len(victims)} deaths, {twice} letters went twice under their Message-ID')
