"""Dead letters as people see them: one for each record that could not be read, with what was done about it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from libs.cli.dlq_marks import Mark
from libs.runtime.spans import partition_counts, raw, reader, records, spans
from libs.wire.dead_letters import Letter, Origin, read_letter
from libs.wire.topics import CONTRACT, Topic

OPEN = "open"
BY_NAME = {topic.name: topic for topic in CONTRACT}


@dataclass(frozen=True, slots=True)
class Held:
    """All letters about one record. `letter` is the newest, `since` when the first was written."""

    letter: Letter
    since: datetime
    copies: int
    consumers: tuple[str, ...]
    mark: Mark | None = None

    @property
    def name(self) -> str:
        """What it goes by: the origin of the record."""
        return str(self.letter.origin)

    @property
    def state(self) -> str:
        """open, retried or dropped."""
        return OPEN if self.mark is None else self.mark.state

    def fields(self, now: datetime) -> dict[str, object]:
        """For a program."""
        letter, mark = self.letter, self.mark
        return {
            "letter": self.name,
            "state": self.state,
            "topic": letter.target,
            "partition": letter.origin.partition,
            "offset": letter.origin.offset,
            "key": None if letter.key is None else letter.key.decode(errors="backslashreplace"),
            "reason": letter.reason,
            "consumers": self.consumers,
            "attempts": letter.attempts,
            "copies": self.copies,
            "since": stamp(self.since),
            "age_seconds": max(0, int((now - self.since).total_seconds())),
            "settled": None if mark is None else {"at": stamp(mark.at), "reason": mark.reason},
            "command": letter.origin.command,
        }


def stamp(at: datetime) -> str:
    """A time as programs read it: ISO 8601, UTC, `Z`."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def held(letters: Iterable[Letter], marks: Mapping[tuple[str, str], Mark]) -> list[Held]:
    """The letters by what they are about, oldest first. `marks`, by origin and content: what was done about them."""
    found: dict[tuple[str, str], list[Letter]] = {}
    for letter in letters:
        found.setdefault((str(letter.origin), letter.content), []).append(letter)
    return sorted((_one(same, marks.get(name)) for name, same in found.items()), key=lambda one: (one.since, one.name))


def _one(same: Sequence[Letter], mark: Mark | None) -> Held:
    consumers = dict.fromkeys(letter.consumer for letter in same if letter.consumer)
    newest = max(same, key=lambda letter: (letter.at, letter.lies.offset))
    return Held(newest, min(letter.at for letter in same), len(same), tuple(sorted(consumers)), mark)


async def letters_of(bootstrap: str, topics: Sequence[Topic] = CONTRACT) -> list[Letter]:
    """All letters that Kafka still holds about records of these topics. Raises KafkaError."""
    counts = await partition_counts(bootstrap, [topic.dead_letters for topic in topics])
    async with reader(bootstrap) as consumer:
        return [read_letter(raw(record)) async for record in records(consumer, await spans(consumer, counts))]


async def later_record(bootstrap: str, letter: Letter) -> Origin | None:
    """The first record with the letter's key that came after the one it is about, on the same topic; None without.

    Raises KafkaError.
    """
    counts = await partition_counts(bootstrap, [letter.target])
    async with reader(bootstrap) as consumer:
        async for record in records(consumer, await spans(consumer, counts)):
            if record.key == letter.key and record.offset > letter.origin.offset:
                return raw(record).place
    return None
