"""Customers whose personal data was erased: no version brings the e-mail back, whatever is delivered or replayed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from libs.wire.codec import encode
from libs.wire.stripe_event.erasing import without_email
from services.api.database import Connection
from services.api.queries import erasures

if TYPE_CHECKING:
    from services.api.read_model.versions import VersionRow


async def without_erased(connection: Connection, rows: "Sequence[VersionRow]") -> "list[VersionRow]":
    """The rows, those of erased customers without the e-mail."""
    people = {_place(row) for row in rows if row.person is not None}
    erased = await erasures.asked_of(connection, people) if people else set()
    return (
        [_bare(row) if row.person is not None and _place(row) in erased else row for row in rows] if erased else [*rows]
    )


def _place(row: "VersionRow") -> tuple[str, str]:
    return row.record.project, row.record.customer or ""


def _bare(row: "VersionRow") -> "VersionRow":
    record = without_email(row.record)
    person = None if row.person is None else replace(row.person, email=None)
    return replace(row, record=record, raw=encode(record), person=person)
