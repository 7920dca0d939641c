"""A sample of `make torture`: a few rounds of kill -9 under load on each engine, then every invariant."""
import pytest

from harness import torture


@pytest.mark.limit(400)
def test_kill_9_under_load(make_instance, cluster, engine, tmp_path, request, capsys):
    instance = make_instance().start()
    result = torture.run(instance, request.config.getoption('--rounds'), seed=7, tmp_path=tmp_path,
                         cluster=cluster() if engine == 'postgres' else None)
    with capsys.disabled():
        print(result)
