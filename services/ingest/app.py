"""Ingest put together: settings in, a service that runs until it is asked to stop out."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import structlog

from libs.runtime.collector import spare_the_collector
from libs.runtime.crypto import Keyring
from libs.runtime.health import Check, Readiness, health_site
from libs.runtime.kafka import KafkaUnavailable, ensure_topics, kafka_answers
from libs.runtime.postgres import PoolLimits, pool
from libs.runtime.switching import switch_often
from services.ingest.bodies import Bodies, BodyLimits
from services.ingest.bucket import Buckets, Rate
from services.ingest.connection_news import listen
from services.ingest.edge import Address, EdgeLimits, public_site
from services.ingest.kafka_publisher import kafka_publisher
from services.ingest.postgres_projects import PostgresProjects
from services.ingest.project_cache import ProjectCache
from services.ingest.projects import Projects
from services.ingest.publisher import Publisher
from services.ingest.settings import IngestSettings, platform_key, stripe_api
from services.ingest.stripe_side import Store, StripeSide, stripe_side
from services.ingest.webhook import Doorkeeper, Webhook

KAFKA_AGAIN_SECONDS = 1.0
POOL = PoolLimits(most=8, connect_seconds=2.0, command_seconds=5.0)
log = structlog.get_logger(__name__)


async def serve(settings: IngestSettings, keys: Keyring, stop: asyncio.Event) -> None:
    """Run ingest until `stop` is set, then answer what is in progress and flush what was sent.

    Raises TopicMismatch where the topics have another count of partitions than the settings say.
    """
    url = settings.database_url.get_secret_value()
    serving = asyncio.Event()
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(pool(url, "ingest", POOL))
        cache = ProjectCache(PostgresProjects(opened, keys), time.monotonic)
        readiness = _readiness(settings.kafka_bootstrap_servers, serving, cache)
        await stack.enter_async_context(
            health_site(readiness, settings.ingest_health_host, settings.ingest_health_port)
        )
        if not await _topics_exist(settings, stop):
            return
        publisher = await stack.enter_async_context(
            kafka_publisher(settings.kafka_bootstrap_servers, settings.topic_partitions)
        )
        await cache.refresh()
        store = Store(url, opened, keys, platform_key(settings))
        stripe = await stack.enter_async_context(stripe_side(stripe_api(settings), store, publisher))
        handler = webhook(settings, cache, publisher, stripe)
        news, health = listen(url, _telling(cache, stripe)), handler.health
        await stack.enter_async_context(_background(cache.follow(), news, health.keep(opened)))
        address = Address(settings.ingest_host, settings.ingest_port)
        port = await stack.enter_async_context(public_site(handler, address, edge_limits(settings)))
        spare_the_collector()
        switch_often()
        serving.set()
        log.info("serving", port=port)
        await stop.wait()
        serving.clear()


def _telling(cache: ProjectCache, stripe: StripeSide) -> Callable[[], None]:
    def tell() -> None:
        cache.tell_changed()
        stripe.tell_changed()

    return tell


def webhook(settings: IngestSettings, projects: Projects, publisher: Publisher, stripe: StripeSide) -> Webhook:
    """The handler of all public requests, with the limits that the settings say."""
    rate = Rate(settings.webhooks_per_second, settings.webhook_burst)
    bodies = Bodies(BodyLimits(bytes=settings.webhook_body_bytes))
    return Webhook(
        projects,
        publisher,
        Doorkeeper(Buckets(rate)),
        bodies,
        catalogues=stripe.catalogues,
        lacking=stripe.refetching.ask,
        published=stripe.ties.note,
        seen=stripe.seen,
        revoked=stripe.credentials.revoked,
    )


def edge_limits(settings: IngestSettings) -> EdgeLimits:
    """The edge's limits, with the counts of connections that the settings say."""
    return EdgeLimits(
        connections_per_address=settings.connections_per_address,
        connections_in_all=settings.connections_in_all,
    )


def _readiness(bootstrap: str, serving: asyncio.Event, cache: ProjectCache) -> Readiness:
    async def is_serving() -> bool:
        return serving.is_set()

    async def kafka() -> bool:
        return await kafka_answers(bootstrap)

    async def projects() -> bool:
        return cache.is_current

    return Readiness(Check("serving", is_serving), Check("kafka", kafka), Check("postgres", projects, required=False))


async def _topics_exist(settings: IngestSettings, stop: asyncio.Event) -> bool:
    """Make the topics as soon as Kafka is there; False if asked to stop before."""
    while not stop.is_set():
        try:
            await ensure_topics(settings.kafka_bootstrap_servers, settings.topic_partitions, settings.topic_replication)
        except KafkaUnavailable as error:
            log.warning("kafka_not_there_yet", reason=str(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), KAFKA_AGAIN_SECONDS)
        else:
            return True
    return False


@asynccontextmanager
async def _background(*work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Run tasks beside the block and cancel them after it; an error in one ends the block."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
