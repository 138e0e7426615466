"""What the signals of a batch change goes to the log, in the batch's own transaction; what was told before does not."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Protocol

import asyncpg
import msgspec

from libs.wire.records import SignalRecord
from services.api.database import Connection
from services.api.read_model.projection import Delivered
from services.api.signal_content import signal_content
from services.api.stream import log
from services.api.stream.log import Along, Change, Logged
from services.api.stream.news import Head, is_news

# Kept apart from the read model: a rebuild must tell nothing again.
HEADS = """
SELECT held.project, held.id, updated_at, status, digest, partition, topic_offset FROM signal_heads AS held
JOIN unnest($1::text[], $2::text[]) AS t (project, id) ON (held.project, held.id) = (t.project, t.id)
"""
STORE_HEADS = """
INSERT INTO signal_heads AS held (project, id, updated_at, status, digest, partition, topic_offset)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::bytea[], $6::int[], $7::bigint[])
ON CONFLICT (project, id) DO UPDATE SET
    updated_at = excluded.updated_at, status = excluded.status, digest = excluded.digest,
    partition = excluded.partition, topic_offset = excluded.topic_offset
"""

Place = tuple[str, str]


class Told(Protocol):
    """A signal's record, and where it stands in its topic."""

    @property
    def record(self) -> SignalRecord: ...

    @property
    def delivered(self) -> Delivered: ...


async def tell(connection: Connection, rows: Sequence[Told]) -> list[Logged]:
    """Log each change of the batch that is news, in the order of the topic."""
    places = sorted({place_of(row) for row in rows})
    return await log_news(connection, rows, heads_in(await connection.fetch(HEADS, *place_columns(places))))


async def log_news(connection: Connection, rows: Iterable[Told], heads: dict[Place, Head]) -> list[Logged]:
    """Log what goes beyond `heads`, and keep how far that is."""
    news = news_of(rows, heads)
    told = {place: heads[place] for place in {place_of(row) for row in news}}
    return await log.append(connection, [change_of(row) for row in news], Along(STORE_HEADS, head_columns(told)))


def news_of(rows: Iterable[Told], heads: dict[Place, Head]) -> list[Told]:
    """The rows that go beyond what was told; `heads` moves on with them."""
    news = []
    for row in rows:
        place, head = place_of(row), head_of(row)
        if is_news(heads.get(place), head):
            heads[place] = head
            news.append(row)
    return news


def place_of(row: Told) -> Place:
    return row.record.project, row.record.id


def head_of(row: Told) -> Head:
    """The signal as this row has it."""
    digest = blake2b(msgspec.json.encode(row.record), digest_size=16).digest()
    place = row.delivered.partition, row.delivered.offset
    return Head(row.record.updated_at, row.record.status, digest, place)


def change_of(row: Told) -> Change:
    """The change as it is told. It has the id of the record on the topic, so that readers of both know it again."""
    record = row.record
    headers = dict(row.delivered.headers)
    made_up = f"{record.id}:{int(record.updated_at.timestamp())}:{record.status}"
    return Change(
        project=record.project,
        kind="signal",
        change_id=headers.get("ce_id", b"").decode(errors="replace") or made_up,
        livemode=record.livemode,
        client=record.client,
        rule=record.rule,
        severity=record.severity,
        status=record.status,
        content=msgspec.json.encode(signal_content(record)),
        occurred_at=record.updated_at,
    )


def heads_in(rows: Iterable["asyncpg.Record"]) -> dict[Place, Head]:
    """What HEADS gave."""
    return {
        (row["project"], row["id"]): Head(
            row["updated_at"], row["status"], row["digest"], (row["partition"], row["topic_offset"])
        )
        for row in rows
    }


def place_columns(places: Sequence[Place]) -> list[list[object]]:
    """The parameters of HEADS."""
    return [[project for project, _ in places], [signal for _, signal in places]]


def head_columns(heads: Mapping[Place, Head]) -> list[list[object]]:
    """The parameters of STORE_HEADS."""
    return [
        *place_columns(list(heads)),
        [head.updated_at for head in heads.values()],
        [head.status for head in heads.values()],
        [head.digest for head in heads.values()],
        [head.place[0] for head in heads.values()],
        [head.place[1] for head in heads.values()],
    ]
