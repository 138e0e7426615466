"""Movements of these days go to the log for those who watch; history that a sync brings does not."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec

from libs.wire.records import MovementRecord
from services.api.database import Connection
from services.api.stream import log
from services.api.stream.log import Change, Logged

RECENT = timedelta(days=1)
KNOWN = """
SELECT project, change_id FROM stream_log
JOIN unnest($1::text[], $2::text[]) AS t (project, change_id) USING (project, change_id)
"""


class Told(Protocol):
    """A movement's record."""

    @property
    def record(self) -> MovementRecord: ...


async def tell(connection: Connection, rows: Sequence[Told]) -> list[Logged]:
    """Log each change of a recent movement once, in the order of the topic."""
    since = datetime.now(UTC) - RECENT
    recent = [row.record for row in rows if row.record.occurred_at > since and not row.record.estimated]
    if not recent:
        return []
    changes = {(change.project, change.change_id): change for change in map(change_of, recent)}
    rows_known = await connection.fetch(KNOWN, *map(list, zip(*changes, strict=True)))
    known = {(row["project"], row["change_id"]) for row in rows_known}
    return await log.append(connection, [change for place, change in changes.items() if place not in known])


def change_of(record: MovementRecord) -> Change:
    """A movement as the topic has it."""
    content = {name: value for name, value in msgspec.to_builtins(record).items() if name != "schema_version"}
    return Change(
        project=record.project,
        kind="movement",
        change_id=f"{record.id}:{record.revision}:{'deleted' if record.deleted else 'held'}",
        livemode=record.livemode,
        client=record.client,
        rule="",
        severity="",
        status="deleted" if record.deleted else record.kind or "",
        content=msgspec.json.encode(content),
        occurred_at=record.occurred_at,
    )
