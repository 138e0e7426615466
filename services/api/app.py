"""The API put together: settings in, a service that runs until it is asked to stop out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import asyncpg
import structlog

from deploy.migrations import upgrade
from libs.runtime.collector import spare_the_collector
from libs.runtime.crypto import Keyring
from libs.runtime.health import Check, Readiness, health_site
from libs.runtime.kafka import KafkaUnavailable, ensure_topics
from libs.runtime.postgres import UNREACHABLE, PoolLimits, pool, postgres_answers
from libs.runtime.read_budget import ReadBudgets
from libs.runtime.read_slots import PostgresSlots
from libs.runtime.switching import switch_often
from libs.wire.topics import PROJECT_SETTINGS
from services.api import deauthorizing
from services.api.access import Access
from services.api.asked import Parts
from services.api.client_work import clients_work
from services.api.cursors import Cursors
from services.api.database import Database, Pool
from services.api.defining import keep_definitions
from services.api.deliveries.egress import Egress
from services.api.delivering import Delivering, deliver
from services.api.edge import LIMITS, Address, EdgeLimits, site
from services.api.freshness import lag_is_known
from services.api.outlet import Sender, outlet
from services.api.read_model.consumer import Source, follow
from services.api.read_model.leadership import pause
from services.api.repairing import repair
from services.api.rewriting import keep_ledgers
from services.api.settings import ApiSettings, platform, stripe_api
from services.api.settings_topic import SettingsTopic, publish_missing
from services.api.site import application
from services.api.stream.waking import hear

AGAIN_SECONDS = 1.0
LAG_KNOWN_SECONDS = 15.0
POOL = PoolLimits(most=10, connect_seconds=3.0, command_seconds=5.0, only_transactions=True)
log = structlog.get_logger(__name__)


async def serve(settings: ApiSettings, keyring: Keyring, stop: asyncio.Event) -> None:
    """Answer from the start (503 while PostgreSQL is away); fill the read model as soon as there is one.

    Raises TopicMismatch where the topics have another count of partitions than the settings say, TooManyDeadLetters,
    and OSError for a port that is taken.
    """
    async with AsyncExitStack() as stack:
        connections = await stack.enter_async_context(pool(settings.database_url.get_secret_value(), "api", POOL))
        sender = await stack.enter_async_context(outlet(settings.kafka_bootstrap_servers))
        parts = _parts(settings, keyring, connections, sender)
        readiness = _readiness(connections, parts.database)
        await stack.enter_async_context(health_site(readiness, settings.api_health_host, settings.api_health_port))
        address = Address(settings.api_host, settings.api_port)
        port = await stack.enter_async_context(site(application(parts, readiness), address, edge_limits(settings)))
        log.info("serving", port=port)
        spare_the_collector()
        switch_often()
        schema = asyncio.Event()
        work = (_after(schema, each) for each in _work(settings, keyring, parts, stop))
        async with _background(_prepared(settings, parts, schema, stop), *work):
            await stop.wait()


def _parts(settings: ApiSettings, keyring: Keyring, connections: Pool, sender: Sender) -> Parts:
    """What the handlers work with."""
    database = Database(connections)
    secret = settings.revstream_encryption_keys.get_secret_value().encode()
    budgets = ReadBudgets(lambda name: PostgresSlots(connections, name), settings.stripe_reads_per_second)
    return Parts(
        database,
        Access(database),
        Cursors(secret),
        keyring,
        SettingsTopic(sender),
        stripe_api(settings),
        budget_of=budgets.of,
        platform=platform(settings),
        public_url=settings.outside_address,
        sender=sender,
        webhook_base=settings.webhook_base,
        egress=Egress(settings.unsafe_private_webhook_addresses),
    )


def _work(
    settings: ApiSettings, keyring: Keyring, parts: Parts, stop: asyncio.Event
) -> tuple[Coroutine[object, object, None], ...]:
    """What is done beside answering, each until it is cancelled."""
    database = parts.database
    delivering = _delivering(settings, keyring, parts)

    def heard(project: str, newest: int | None) -> None:
        parts.feed.wake(project, newest)
        delivering.woken.set()

    return (
        repair(PROJECT_SETTINGS.name, lambda: publish_missing(database, parts.settings)),
        keep_definitions(database),
        keep_ledgers(database),
        *clients_work(parts),
        deauthorizing.follow(database, parts.platform, parts.given_back),
        hear(settings.database_url.get_secret_value(), heard, stop),
        deliver(delivering, stop),
    )


def _delivering(settings: ApiSettings, keyring: Keyring, parts: Parts) -> Delivering:
    if parts.egress.unsafe:
        log.warning("endpoints_may_be_private", setting="UNSAFE_PRIVATE_WEBHOOK_ADDRESSES", hint="never on a server")
    return Delivering(
        settings.database_url.get_secret_value(),
        keyring,
        parts.egress,
        parts.sender,
        timedelta(hours=settings.delivery_most_age_hours),
        timedelta(days=settings.stream_log_days),
        timedelta(days=settings.delivery_log_days),
    )


async def _after(schema: asyncio.Event, work: Coroutine[object, object, None]) -> None:
    """Begin with what needs the tables once they are there."""
    try:
        await schema.wait()
    finally:
        if not schema.is_set():
            work.close()
    await work


async def _prepared(settings: ApiSettings, parts: Parts, schema: asyncio.Event, stop: asyncio.Event) -> None:
    """Schema, topics, then the read model, each as soon as it can be; says when the schema is there."""
    url = settings.database_url.get_secret_value()
    bootstrap = settings.kafka_bootstrap_servers
    if await _once(lambda: upgrade(url), stop):
        schema.set()
    await _once(lambda: ensure_topics(bootstrap, settings.topic_partitions, settings.topic_replication), stop)
    await follow(Source(bootstrap, url, settings.topic_partitions, parts.feed.pass_on), stop)


async def _once(step: Callable[[], Awaitable[None]], stop: asyncio.Event) -> bool:
    """Take a step as soon as what it needs is there; False where asked to stop before."""
    while not stop.is_set():
        try:
            await step()
        except (*UNREACHABLE, KafkaUnavailable) as error:
            log.warning("not_there_yet", reason=repr(error), retry_seconds=AGAIN_SECONDS)
            await pause(stop, AGAIN_SECONDS)
        else:
            return True
    return False


def edge_limits(settings: ApiSettings) -> EdgeLimits:
    """The edge's limits, with the counts of connections that the settings say."""
    counts = settings.connections_per_address, settings.connections_in_all
    return replace(LIMITS, connections_per_address=counts[0], connections_in_all=counts[1])


def _readiness(connections: Pool, database: Database) -> Readiness:
    async def postgres() -> bool:
        return await postgres_answers(connections)

    async def read_model() -> bool:
        try:
            async with database.every_project() as connection:
                return await lag_is_known(connection, LAG_KNOWN_SECONDS)
        except (*UNREACHABLE, asyncpg.UndefinedTableError):
            return False

    return Readiness(Check("postgres", postgres), Check("read_model", read_model))


@asynccontextmanager
async def _background(*work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Run tasks beside the block. After it, those that end by themselves get a moment; an error in one ends it."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in work]
        try:
            yield
        finally:
            _done, late = await asyncio.wait(tasks[:1], timeout=5.0)
            for task in (*late, *tasks[1:]):
                task.cancel()
