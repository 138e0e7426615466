"""How fresh the read model says it is, and when unreadable records stop the consumer."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from libs.wire.headers import Headers
from services.api.read_model.consumer import by_urgency
from services.api.read_model.dead_letters import MOST_IN_A_ROW, DeadLetter, DeadLetterBox, TooManyDeadLetters
from services.api.read_model.fetching import joined
from services.api.read_model.follower import together
from services.api.read_model.offsets import Move, Partition, Standing
from services.api.read_model.progress import Progress
from services.api.read_model.projection import Delivered

A, B = ("revenue.clients", 0), ("stripe.events", 1)


@dataclass
class FakeHeads:
    """What the broker last said: the end of each partition, and when."""

    ends: dict[Partition, int | None]
    asked: dict[Partition, int] = field(default_factory=dict)

    def end_offset(self, partition: Partition) -> int | None:
        return self.ends[partition]

    def asked_at(self, partition: Partition) -> int:
        return self.asked.get(partition, 0)


def record(partition: Partition, offset: int, timestamp: int = 0) -> Delivered:
    return Delivered(*partition, offset, timestamp, b"k", b"v")


def instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def test_the_standing_is_unknown_until_every_partitions_end_is_known() -> None:
    heads = FakeHeads({A: 0, B: None})
    progress = Progress({A: 0, B: 0}, heads)
    assert progress.standing() is None
    heads.ends[B] = 5
    assert progress.standing() == Standing(None, 5)


def test_read_to_the_end_it_is_as_new_as_the_oldest_answer() -> None:
    progress = Progress({A: 3, B: 7}, FakeHeads({A: 3, B: 7}, {A: 2000, B: 1500}))
    assert progress.standing() == Standing(instant(1500), 0)


def test_behind_it_is_as_new_as_the_last_record_taken() -> None:
    progress = Progress({A: 3, B: 7}, FakeHeads({A: 10, B: 7}, {A: 9000, B: 9000}))
    fetched = {A: [record(A, 3, 100), record(A, 4, 200)]}
    assert progress.moves(fetched) == [Move(A, 3, 5)]
    progress.take(fetched)
    assert progress.standing() == Standing(instant(200), 5)
    assert progress.offsets == {A: 5, B: 7}


def test_gaps_that_compaction_left_are_passed_over() -> None:
    progress = Progress({A: 0}, FakeHeads({A: 100}, {A: 50}))
    fetched = {A: [record(A, 40), record(A, 99)]}
    assert progress.moves(fetched) == [Move(A, 0, 100)]
    progress.take(fetched)
    assert progress.standing() == Standing(instant(50), 0)


@dataclass
class FakeProducer:
    sent: list[tuple[str, bytes | None, bytes | None]] = field(default_factory=list)

    async def send_and_wait(self, topic: str, value: bytes | None, key: bytes | None, *, headers: Headers) -> None:
        self.sent.append((topic, value, key))


async def test_letters_keep_key_and_bytes() -> None:
    producer = FakeProducer()
    await DeadLetterBox(producer).send([DeadLetter(record(A, 1), "no JSON")], good=0)
    assert producer.sent == [("revenue.clients.dead-letters", b"v", b"k")]


async def test_a_good_record_now_and_then_keeps_it_going() -> None:
    box = DeadLetterBox(FakeProducer())
    letters = [DeadLetter(record(A, n), "no JSON") for n in range(MOST_IN_A_ROW // 2)]
    for _ in range(5):
        await box.send(letters, good=1)
    await box.send(letters, good=0)
    with pytest.raises(TooManyDeadLetters, match="no JSON"):
        await box.send(letters, good=0)


def test_signals_have_a_line_of_their_own() -> None:
    starting = {("revenue.clients", 0): 4, ("churn.signals", 3): 7, ("stripe.events", 1): 0}
    assert by_urgency(starting) == ({("churn.signals", 3): 7}, {("revenue.clients", 0): 4, ("stripe.events", 1): 0})


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Standing(instant(2000), 3), Standing(instant(1000), 4), Standing(instant(1000), 7)),
        (Standing(None, 0), Standing(instant(1000), 0), Standing(None, 0)),
        (None, Standing(instant(1000), 0), None),
        (Standing(instant(1000), 0), None, None),
    ],
    ids=["as old as the older", "one tells nothing new", "one unknown", "other unknown"],
)
def test_two_lines_are_as_fresh_as_the_older(
    one: Standing | None, other: Standing | None, expected: Standing | None
) -> None:
    assert together(one, other) == expected


def test_what_comes_while_a_batch_rests_follows_what_came_first() -> None:
    first, later = {A: [record(A, 1)]}, {A: [record(A, 2)], B: [record(B, 9)]}
    assert joined(first, later) == {A: [record(A, 1), record(A, 2)], B: [record(B, 9)]}
