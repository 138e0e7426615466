"""Requests a second and answer times of ingest and of the bare handler, by turns."""

import asyncio
import secrets
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import aiohttp
import orjson
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.ports import free_port
from libs.wire.stripe_event import is_published
from tests.bench.figures import Figure, Say, Scale, percentile, ratio
from tests.bench.place import Bench, lived
from tests.bench.processes import python
from tests.bench.webhooks.load import Load, Sent, generated

PART = "webhooks"
NAMES = ("ingest", "bare handler")
CONNECTIONS = 64
RATE = 200.0
PARTITIONS = 8
START_SECONDS = 20.0


class NotAllTaken(AssertionError):
    """Some webhooks were not answered with 200: the figures would be of refusals."""


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to send to, and the secret that it expects."""

    url: str
    secret: str


async def measure(bench: Bench, scale: Scale, say: Say) -> list[Figure]:
    """The figures of both. Raises NotAllTaken."""
    account, past = await lived(scale.count(5000, 400), scale.count(500, 40))
    bodies = tuple(orjson.dumps(event) for event in past if is_published(event["type"]))
    async with bench.connected(account, "webhooks", "api", "ingest") as (_, project):
        ours = Target(project.webhook_url, project.webhook_secret)
    # The api is needed to set a project up only; while it reads along, it takes a share of the processors.
    async with bench.system("ingest"), _bare(bench) as bare:
        targets = dict(zip(NAMES, (ours, bare), strict=True))
        closed = Load("", "", bodies, scale.count(15_000, 500), CONNECTIONS)
        steady = Load("", "", bodies, scale.count(4000, 200), per_second=RATE)
        found = {
            "closed": await _by_turns(bench, scale, targets, closed, say),
            "steady": await _by_turns(bench, scale, targets, steady, say),
        }
    return [*_closed(found["closed"]), *_steady(found["steady"])]


Found = Mapping[str, list[list[Sent]]]


async def _by_turns(bench: Bench, scale: Scale, targets: Mapping[str, Target], load: Load, say: Say) -> Found:
    found: dict[str, list[list[Sent]]] = defaultdict(list)
    warm = replace(load, requests=load.requests // 10)
    for _ in range(scale.runs):
        for name, target in targets.items():
            await generated(_to(target, warm), bench.home)
            sent = await generated(_to(target, load), bench.home)
            refused = [each.status for each in sent if each.status != 200]
            if refused:
                raise NotAllTaken(f"{name} refused {len(refused)} of {len(sent)} webhooks, first with {refused[0]}")
            say(f"{name}: {_rate(sent):.0f}/s, p50 {_ms(sent, 0.5):.1f} ms, p99 {_ms(sent, 0.99):.1f} ms")
            found[name].append(sent)
    return found


def _to(target: Target, load: Load) -> Load:
    """Nobody has sent these events before."""
    return replace(load, url=target.url, secret=target.secret, ids=secrets.token_hex(4))


def _closed(found: Found) -> list[Figure]:
    rates = [
        Figure(PART, f"{name}: {CONNECTIONS} connections", "req/s", tuple(map(_rate, found[name]))) for name in NAMES
    ]
    return [
        *rates,
        ratio(PART, "ingest / bare handler", rates[0], rates[1], ">= 0.9"),
        *_percentiles(found, f"{CONNECTIONS} connections", {}),
    ]


def _steady(found: Found) -> list[Figure]:
    return _percentiles(found, f"{RATE:.0f} requests/s", {("ingest", 0.99): "< 30"})


def _percentiles(found: Found, load: str, aims: Mapping[tuple[str, float], str]) -> list[Figure]:
    return [
        Figure(
            PART,
            f"{name}: {load}, p{share * 100:.0f}",
            "ms",
            tuple(_ms(sent, share) for sent in found[name]),
            aims.get((name, share), ""),
        )
        for name in NAMES
        for share in (0.5, 0.99)
    ]


def _rate(sent: list[Sent]) -> float:
    return len(sent) / (max(each.answered for each in sent) - min(each.due for each in sent))


def _ms(sent: list[Sent], share: float) -> float:
    return percentile([each.answered - each.due for each in sent], share) * 1000


@asynccontextmanager
async def _bare(bench: Bench) -> AsyncIterator[Target]:
    topic, secret, port = f"bare-{uuid.uuid4().hex[:8]}", secrets.token_hex(16), free_port()
    admin = AIOKafkaAdminClient(bootstrap_servers=bench.servers.kafka_bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1)])
    finally:
        await admin.close()
    arguments = bench.servers.kafka_bootstrap, topic, secret, str(port)
    async with python("tests.bench.webhooks.bare", *arguments, log=bench.home / "bare.log"):
        target = Target(f"http://127.0.0.1:{port}/", secret)
        await _answers(target.url)
        yield target


async def _answers(url: str) -> None:
    """Return when somebody answers. Raises TimeoutError."""
    async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(url):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)
