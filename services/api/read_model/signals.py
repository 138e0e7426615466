"""`churn.signals` → signals, each at its newest change."""

from collections.abc import Sequence
from dataclasses import dataclass

from libs.wire.codec import MalformedRecord, decode
from libs.wire.records import SignalRecord
from libs.wire.topics import CHURN_SIGNALS
from services.api.database import Connection
from services.api.read_model import signal_news
from services.api.read_model.projection import Delivered, Projection

UPSERT = """
INSERT INTO signals AS held (project, id, client, customer, livemode, rule, severity, status,
                             opened_at, updated_at, record)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::text[], $7::text[], $8::text[],
                     $9::timestamptz[], $10::timestamptz[], $11::bytea[])
ON CONFLICT (project, id) DO UPDATE SET
    client = excluded.client, customer = excluded.customer, livemode = excluded.livemode, rule = excluded.rule,
    severity = excluded.severity, status = excluded.status, opened_at = excluded.opened_at,
    updated_at = excluded.updated_at, record = excluded.record
WHERE excluded.updated_at >= held.updated_at
"""


@dataclass(frozen=True, slots=True)
class SignalRow:
    record: SignalRecord
    raw: bytes
    delivered: Delivered


def read(delivered: Delivered) -> SignalRow:
    """The signal in a record. Raises MalformedRecord."""
    if delivered.value is None:
        raise MalformedRecord("SignalRecord: a record without a value")
    return SignalRow(decode(delivered.value, SignalRecord), delivered.value, delivered)


async def write(connection: Connection, rows: Sequence[SignalRow]) -> None:
    """Hold each signal's newest change of the batch if it is not older than the one held."""
    await connection.execute(UPSERT, *columns(newest_of_each(rows)))


def newest_of_each(rows: Sequence[SignalRow]) -> list[SignalRow]:
    """One row a signal: the latest change, the later delivered of equals."""
    newest: dict[tuple[str, str], SignalRow] = {}
    for row in rows:
        place = row.record.project, row.record.id
        if place not in newest or row.record.updated_at >= newest[place].record.updated_at:
            newest[place] = row
    return list(newest.values())


PROJECTION = Projection(CHURN_SIGNALS, read, write, signal_news.tell)


def columns(rows: Sequence[SignalRow]) -> list[list[object]]:
    """The parameters of UPSERT."""
    return [
        [row.record.project for row in rows],
        [row.record.id for row in rows],
        [row.record.client for row in rows],
        [row.record.customer for row in rows],
        [row.record.livemode for row in rows],
        [row.record.rule for row in rows],
        [row.record.severity for row in rows],
        [row.record.status for row in rows],
        [row.record.opened_at for row in rows],
        [row.record.updated_at for row in rows],
        [row.raw for row in rows],
    ]
