"""Sending dead letters again, and letting them be: each once, noted in the audit log."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from libs.cli.dlq_letters import BY_NAME, Held, held, later_record, letters_of, stamp
from libs.cli.dlq_marks import Settlement, marks, settle
from libs.cli.faults import FOUND_A_PROBLEM, OK
from libs.cli.servers import Owner, broker, owner
from libs.runtime.audit_log import Action
from libs.runtime.kafka import abandon, new_producer
from libs.wire.dead_letters import Letter, Origin
from libs.wire.topics import CONTRACT, Cleanup, Topic

STOP_SECONDS = 5.0
NOT_FOUND = "not_found"
Send = Callable[[Letter], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Servers:
    """Where Kafka and PostgreSQL are."""

    kafka: str
    database: str


@dataclass(frozen=True, slots=True)
class Wish:
    """Which letters: those named, or with `every` all open ones (of a topic). `reason` is given to drop them, else
    they are sent again. `dry` only says what would be done."""

    names: tuple[Origin, ...] = ()
    every: bool = False
    topic: Topic | None = None
    reason: str | None = None
    dry: bool = False

    @property
    def topics(self) -> Sequence[Topic]:
        """The topics whose letters must be read. A letter that says nothing of its origin may lie on any."""
        if self.topic is not None:
            return [self.topic]
        named = [BY_NAME.get(name.topic) for name in self.names]
        known = [topic for topic in named if topic is not None]
        return CONTRACT if self.every or len(known) < len(named) else list(dict.fromkeys(known))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one letter. `outcome`: retried, dropped, would_retry, would_drop; or a problem: already_retried,
    already_dropped, superseded, not_found."""

    letter: str
    outcome: str
    told: str
    problem: bool = False
    details: dict[str, object] = field(default_factory=dict)

    def fields(self) -> dict[str, object]:
        """For a program."""
        return {"letter": self.letter, "outcome": self.outcome, "told": self.told, **self.details}


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """1 where something could not be done as it was asked."""
    return FOUND_A_PROBLEM if any(one.problem for one in outcomes) else OK


async def settled(servers: Servers, wish: Wish) -> AsyncIterator[Outcome]:
    """Do it, letter by letter. Raises StackUnavailable; what was done until then stays done, and is noted."""
    with broker(servers.kafka):
        async with owner(servers.database) as connection, _sending(servers.kafka) as send:
            letters = await known_letters(servers.kafka, connection, wish.topics)
            for name in wish.names:
                if not any(one.letter.origin == name for one in letters):
                    yield _not_found(name)
            for one in letters:
                if one.letter.origin in wish.names or (wish.every and one.mark is None):
                    yield await _done(one, wish, connection, _Work(servers, send))


async def known_letters(kafka: str, connection: Owner, topics: Sequence[Topic] = CONTRACT) -> list[Held]:
    """All letters of these topics with what was done about them."""
    async with connection.transaction():
        known = await marks(connection)
    return held(await letters_of(kafka, topics), known)


@dataclass(frozen=True, slots=True)
class _Work:
    servers: Servers
    send: Send


async def _done(one: Held, wish: Wish, connection: Owner, work: _Work) -> Outcome:
    drop = wish.reason is not None
    if not drop and (hidden := await _superseded(one, work.servers.kafka)):
        return hidden
    if wish.dry and one.mark is None:
        told = "would be dropped" if drop else f"would be sent to {one.letter.target} again"
        return Outcome(one.name, "would_drop" if drop else "would_retry", told)
    mark = one.mark if wish.dry else await settle(connection, one.letter, _settlement(one.letter, wish, work.send))
    if mark is not None:
        told = f"was {mark.state} at {stamp(mark.at)} already: nothing is done"
        return Outcome(one.name, f"already_{mark.state}", told, problem=True)
    if drop:
        return Outcome(one.name, "dropped", f"is dropped: {wish.reason}")
    return Outcome(one.name, "retried", f"was sent to {one.letter.target} again")


def _settlement(letter: Letter, wish: Wish, send: Send) -> Settlement:
    if wish.reason is not None:
        return Settlement(Action.DROPPED, _nothing, wish.reason)
    return Settlement(Action.REPLAYED, lambda: send(letter))


async def _nothing() -> None:
    """A letter that is dropped stays where it lies until its topic's retention ends."""


async def _superseded(one: Held, kafka: str) -> Outcome | None:
    """On a compacted topic the last record of a key is the only one that stays: an older one must not become it."""
    topic = BY_NAME.get(one.letter.target)
    if topic is None or topic.cleanup is not Cleanup.COMPACT or one.mark is not None:
        return None
    later = await later_record(kafka, one.letter)
    if later is None:
        return None
    told = f"a later record of its key is at {later}; this one is old news: `dlq drop` it"
    return Outcome(one.name, "superseded", told, problem=True)


def _not_found(name: Origin) -> Outcome:
    told = "there is no such dead letter: `revstream dlq list --all` shows those that are still kept"
    return Outcome(str(name), NOT_FOUND, told, problem=True)


@asynccontextmanager
async def _sending(kafka: str) -> AsyncIterator[Send]:
    """Sends letters to where they came from, acknowledged by all replicas."""
    producer = new_producer(kafka)

    async def send(letter: Letter) -> object:
        # Without a key the record lay anywhere; with one its key says where.
        partition = letter.origin.partition if letter.key is None else None
        return await producer.send_and_wait(
            letter.target, letter.value, letter.key, partition=partition, headers=letter.again()
        )

    try:
        await producer.start()
        yield send
    finally:
        await abandon(producer, STOP_SECONDS)
