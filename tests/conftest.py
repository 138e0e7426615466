"""What all tests share: servers that start when a test asks for them, and how many examples a property gets."""

import gc
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import settings

from deploy.postgres.probe import scratch_database
from tests.servers import OwnBrokers, ScratchTopics, kafka_server, postgres_server

NEED_POSTGRES = {"database_url", "database"}
NEED_KAFKA = {"kafka_bootstrap", "scratch_topic", "own_broker"}
# What is started once for all tests that need it: one of several processes runs these. A test with a broker or a
# system of its own starts that anyway, in whatever process is free.
ONE_PROCESS = ("demo", "kafka_bootstrap")

settings.register_profile("ci", deadline=None, print_blob=True, derandomize=False)
settings.register_profile("full", settings.get_profile("ci"), max_examples=1000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="many more examples and longer runs")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("full" if config.getoption("--full") else "ci")


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs servers: `-m "not stack"` is the quick part.

    Of several processes one runs all that needs the shared broker; an empty database costs the others little.
    """
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if shared := [name for name in ONE_PROCESS if name in fixtures]:
            item.add_marker(pytest.mark.xdist_group(shared[0]))
        if (NEED_KAFKA | NEED_POSTGRES) & fixtures:
            item.add_marker(pytest.mark.stack)


def pytest_collection_finish() -> None:
    """Leave what was collected out of every later collection of garbage: it stands still for a second otherwise."""
    gc.freeze()


@pytest.fixture(scope="session")
def full(pytestconfig: pytest.Config) -> bool:
    """Was `--full` given?"""
    return bool(pytestconfig.getoption("--full"))


@pytest.fixture(scope="session")
async def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The one broker of the whole run. Its topics are shared: keep to a `project` of your own."""
    async with kafka_server(tmp_path_factory.mktemp("kafka")) as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
async def database_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The one PostgreSQL server of the whole run."""
    async with postgres_server(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[str]:
    """The address of an empty database that is this test's alone."""
    async with scratch_database(database_url) as url:
        yield url


@pytest.fixture
def project() -> str:
    """A project that no other test uses, so that tests can share topics."""
    return f"p-{uuid.uuid4().hex[:12]}"


@pytest.fixture
async def scratch_topic(kafka_bootstrap: str) -> AsyncIterator[ScratchTopics]:
    """`await scratch_topic(partitions=…)` makes a topic with a random name."""
    topics = ScratchTopics(kafka_bootstrap)
    yield topics
    await topics.remove()


@pytest.fixture
async def own_broker(tmp_path: Path) -> AsyncIterator[OwnBrokers]:
    """`await own_broker()` makes a broker that this test may stop, kill and start again."""
    brokers = OwnBrokers(tmp_path)
    yield brokers
    await brokers.stop()
