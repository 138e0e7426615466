"""`clients.health` → client_health, each client at its latest."""

from collections.abc import Sequence
from dataclasses import dataclass

from libs.wire.codec import MalformedRecord, decode
from libs.wire.records import HealthRecord
from libs.wire.topics import CLIENT_HEALTH
from services.api.database import Connection
from services.api.read_model.projection import Delivered, Projection

UPSERT = """
INSERT INTO client_health AS held (project, client, livemode, score, as_of, record)
SELECT * FROM unnest($1::text[], $2::text[], $3::bool[], $4::int[], $5::timestamptz[], $6::bytea[])
ON CONFLICT (project, client) DO UPDATE SET
    livemode = excluded.livemode, score = excluded.score, as_of = excluded.as_of, record = excluded.record
WHERE excluded.as_of >= held.as_of
"""


@dataclass(frozen=True, slots=True)
class HealthRow:
    record: HealthRecord
    raw: bytes


def read(delivered: Delivered) -> HealthRow:
    """The health in a record. Raises MalformedRecord."""
    if delivered.value is None:
        raise MalformedRecord("HealthRecord: a record without a value")
    return HealthRow(decode(delivered.value, HealthRecord), delivered.value)


async def write(connection: Connection, rows: Sequence[HealthRow]) -> None:
    """Hold each client's latest health of the batch if it is not older than the one held."""
    newest: dict[tuple[str, str], HealthRow] = {}
    for row in rows:
        place = row.record.project, row.record.client
        if place not in newest or row.record.as_of >= newest[place].record.as_of:
            newest[place] = row
    held = list(newest.values())
    await connection.execute(
        UPSERT,
        [row.record.project for row in held],
        [row.record.client for row in held],
        [row.record.livemode for row in held],
        [row.record.score for row in held],
        [row.record.as_of for row in held],
        [row.raw for row in held],
    )


PROJECTION = Projection(CLIENT_HEALTH, read, write)
