"""What one API process does for all of them: deliveries, digests, rules on metrics, forgetting what is old."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from libs.runtime.crypto import Keyring
from libs.runtime.kafka import KafkaUnavailable
from libs.runtime.postgres import PoolLimits, pool
from services.api.database import Database
from services.api.deliveries.courier import Carrying, Courier, utc_now
from services.api.deliveries.digesting import send_digests
from services.api.deliveries.egress import Egress
from services.api.deliveries.leading import WAITED_OUT, Duty, lead
from services.api.deliveries.sending import http_sender
from services.api.metric_rules.evaluating import evaluate_all, publish
from services.api.outlet import Sender
from services.api.queries import deliveries
from services.api.stream import log

POOL = PoolLimits(most=6, connect_seconds=3.0, command_seconds=15.0)
LOOK_SECONDS = 1.0
DIGEST_SECONDS = 30.0
RULE_SECONDS = 60.0
PURGE_SECONDS = 600.0
UNTIL_KAFKA_IS_BACK = (*WAITED_OUT, KafkaUnavailable)


@dataclass(frozen=True, slots=True)
class Delivering:
    """How deliveries are made. `woken` is set when a log has grown or somebody asked for a delivery."""

    database_url: str
    keyring: Keyring
    egress: Egress
    sender: Sender
    most_age: timedelta = timedelta(hours=72)
    log_kept: timedelta = timedelta(days=7)
    deliveries_kept: timedelta = timedelta(days=30)
    woken: asyncio.Event = field(default_factory=asyncio.Event)


async def deliver(by: Delivering, stop: asyncio.Event) -> None:
    """Deliver whenever this process leads, until asked to stop."""
    async with pool(by.database_url, "api-deliveries", POOL) as connections, http_sender(by.egress) as sender:
        database = Database(connections)
        courier = Courier(Carrying(database, sender, by.keyring, by.most_age))
        duties = [
            Duty("deliveries", courier.go, LOOK_SECONDS, by.woken),
            Duty("digests", lambda: send_digests(database, utc_now), DIGEST_SECONDS),
            Duty("rules", lambda: evaluate_all(database, utc_now), RULE_SECONDS),
            Duty("signals", lambda: publish(database, by.sender), LOOK_SECONDS, waits_out=UNTIL_KAFKA_IS_BACK),
            Duty("purge", lambda: _purge(by, database), PURGE_SECONDS),
        ]
        await lead(by.database_url, duties, stop, courier.stop)


async def _purge(by: Delivering, database: Database) -> None:
    """Forget what was told and sent long ago."""
    now = utc_now()
    async with database.every_project() as connection:
        await log.purge(connection, now, by.log_kept)
        await deliveries.purge(connection, now, by.deliveries_kept)
