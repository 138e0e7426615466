"""Erasing a customer's personal data: the e-mail goes out of every table, and the streams are told to forget it.

The customer stays where it belongs: one that was found by its e-mail is given to its client by hand first, so no
figure changes, neither the client's nor the project's.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from libs.runtime.kafka import KafkaUnavailable
from libs.runtime.postgres import UNREACHABLE
from libs.wire.codec import decode, encode
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import headers_of, key_of
from libs.wire.stripe_event.erasing import erasure
from libs.wire.topics import STRIPE_EVENTS
from services.api.database import Connection, Database
from services.api.directory_topic import DirectoryTopic
from services.api.outlet import Outgoing, Sender
from services.api.queries import customers, directory, erasures
from services.api.queries.erasures import Erasure, Standing

LOOK_SECONDS = 5.0
BY_EMAIL = ("stakeholder_email", "domain")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Erasing:
    """What the work needs; `woken` is set when there is something to erase."""

    database: Database
    sender: Sender
    topic: DirectoryTopic
    woken: asyncio.Event


async def erase(connection: Connection, project: str, customer: str) -> Standing:
    """Take the e-mail out of every table, for good; what remains is to tell the streams."""
    await directory.lock(connection, project)
    standing = await erasures.add(connection, project, customer)
    await _keep_client(connection, project, customer)
    emails, _ = await erasures.forget(connection, project, customer)
    await _forget_in_directory(connection, project, [email.strip().casefold() for email in emails])
    return standing


async def follow(work: Erasing) -> None:
    """Tell the streams of erasures, for ever, those first that other processes left."""
    while True:
        try:
            while await tell_one(work):
                pass
        except (*UNREACHABLE, KafkaUnavailable) as error:
            log.warning("erasure_not_told", reason=repr(error), retry_seconds=LOOK_SECONDS)
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await work.woken.wait()
        except TimeoutError:
            continue
        work.woken.clear()


async def tell_one(work: Erasing) -> bool:
    """Publish the oldest erasure that is not told; False: there is none. The directory goes first, so that nobody
    loses its client between the two. Raises what PostgreSQL's and Kafka's absence raises."""
    async with work.database.every_project() as connection:
        due = await erasures.unfinished(connection)
        if due is None:
            return False
        await work.topic.publish_all(due.project)
        _, newest = await erasures.forget(connection, due.project, due.customer)
        if newest is not None:
            await work.sender.send([outgoing(decode(newest, StripeRecord), datetime.now(UTC))])
        await erasures.finished(connection, due)
    return True


def outgoing(newest: StripeRecord, at: datetime) -> Outgoing:
    """A newer version of the customer, without its e-mail."""
    record = erasure(newest, at)
    return Outgoing(STRIPE_EVENTS.name, key_of(record), encode(record), headers_of(record))


async def sweep(database: Database) -> None:
    """Once more for those of the last day: a batch that was being applied meanwhile may have brought an e-mail."""
    async with database.every_project() as connection:
        for each in await erasures.lately(connection):
            await erasures.forget(connection, each.project, each.customer)


async def _keep_client(connection: Connection, project: str, customer: str) -> None:
    found = await customers.one(connection, project, customer)
    if found is None or found.client is None or found.matched_by not in BY_EMAIL:
        return
    changed = await directory.assigned(connection, project, customer, found.client)
    await directory.store(connection, project, changed or [])


async def _forget_in_directory(connection: Connection, project: str, emails: list[str]) -> None:
    """Stakeholders are people too: the address goes out of the entries that name it."""
    clients = await directory.claiming(connection, project, [], emails, [])
    for held in (await directory.held(connection, project, clients)).values():
        left = tuple(each for each in held.entry.stakeholder_emails if each not in emails)
        await directory.store(connection, project, [replace(held.entry, stakeholder_emails=left)])


__all__ = ["Erasing", "Erasure", "erase", "follow", "sweep", "tell_one"]
