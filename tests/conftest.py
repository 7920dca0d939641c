"""Fixtures of every pytest suite: engines, instances and their people. `--engine sqlite|postgres` chooses one engine;
without it each test runs on both."""
import os
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import instance as harness_instance  # noqa: E402
from harness import postgres  # noqa: E402


def pytest_addoption(parser):
    parser.addoption('--engine', choices=('sqlite', 'postgres'), help='run on this engine only')
    parser.addoption('--rounds', type=int, default=6, help='torture: rounds of kill -9; 6 kill every victim once')


def pytest_generate_tests(metafunc):
    if 'engine' in metafunc.fixturenames:
        chosen = metafunc.config.getoption('--engine')
        engines = [chosen] if chosen else ['sqlite', 'postgres']
        only = getattr(metafunc.module, 'ENGINES', None)  # of a module whose outcome the engine has no part in
        if only:
            engines = [e for e in engines if e in only] or [
                pytest.param(e, marks=pytest.mark.skip(reason=f'about {", ".join(only)} alone')) for e in engines]
        if 'postgres' in engines and not postgres.binaries():
            engines = [pytest.param(e, marks=pytest.mark.skip(reason='PostgreSQL is not installed'))
                       if e == 'postgres' else e for e in engines]
        metafunc.parametrize('engine', engines, scope='session')


TEST_LIMIT_S = 120


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """No test may hang the run: after TEST_LIMIT_S it fails where it stands."""
    def too_long(*_):
        raise TimeoutError(f'no end after {TEST_LIMIT_S} s')
    marker = item.get_closest_marker('limit')
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(marker.args[0] if marker else TEST_LIMIT_S)
    yield
    signal.alarm(0)


@pytest.fixture(scope='session')
def cluster():
    """One private PostgreSQL for the session; each instance gets its own database."""
    made = []

    def get(**options):
        if not made or options:
            made.append(postgres.Cluster(**options))
        return made[-1] if options else made[0]
    yield get
    for one in made:
        one.destroy()


@pytest.fixture(scope='module')
def make_instance(engine, cluster, binary):
    """Makes further instances; all end with the module. They are not started."""
    made = []

    def make(**options):
        if 'database' not in options and engine == 'postgres':
            options['database'] = cluster().database()
        one = harness_instance.Instance(**options)
        one.engine, one.database = engine, options.get('database')
        made.append(one)
        return one
    yield make
    reports = [line for one in made for line in one.sanitizer_reports()]
    for one in made:
        one.destroy()
    assert not reports, reports[:20]


@pytest.fixture(scope='module')
def instance(make_instance):
    """The instance that a module's tests share: development root and issuing CA, started."""
    return make_instance().start()


@pytest.fixture
def admin(instance):
    return instance.enroll_admin()


@pytest.fixture
def people(instance):
    return instance.people()


@pytest.fixture(scope='session')
def binary():
    if not os.access(harness_instance.BINARY, os.X_OK):
        pytest.exit(f'{harness_instance.BINARY} is missing: build first', returncode=3)
