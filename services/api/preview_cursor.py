"""Where a preview is gone on with: its cursor carries all that was counted until then, so no process has to keep it."""

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction

import msgspec

from libs.wire.contribution_codec import exact_text
from services.api.cursors import Cursors, Listing, Position
from services.api.previewing import Preview, Sums
from services.api.problems import FieldError, Refused, bad_body

Texts = dict[str, str]


class Reached(msgspec.Struct, frozen=True):
    """A preview of the instant `at`, as text."""

    at: datetime
    customers: int
    looked_at: int
    before: Texts
    after: Texts
    why: list[tuple[str, str, int, Texts]]


def cursor_of(cursors: Cursors, listing: Listing, found: Preview, at: datetime) -> str | None:
    """The cursor to go on with; None where all was looked at."""
    if found.complete:
        return None
    why = [(rule, instead, count, _texts(sums)) for (rule, instead), (count, sums) in found.why.items()]
    reached = Reached(at, found.customers, found.looked_at, _texts(found.before), _texts(found.after), why)
    return cursors.after(listing, Position(msgspec.json.encode(reached).decode(), found.reached))


def preview_of(cursors: Cursors, listing: Listing, cursor: str) -> tuple[Preview, datetime]:
    """The preview as the cursor has it, and of when it is. Raises Refused for one that is not of this change."""
    try:
        position = cursors.position(listing, cursor)
    except Refused as error:
        told = "is no cursor of this change, or the settings were changed meanwhile: start again without it"
        raise Refused(bad_body([FieldError("cursor", told)])) from error
    assert position is not None
    held = msgspec.json.decode(position.value, type=Reached)
    why = {(rule, instead): (count, _sums(texts)) for rule, instead, count, texts in held.why}
    found = Preview(_sums(held.before), _sums(held.after), why, held.customers, held.looked_at, position.id)
    return found, held.at


def _texts(sums: Mapping[str, Fraction]) -> Texts:
    return {code: exact_text(amount) for code, amount in sums.items()}


def _sums(texts: Texts) -> Sums:
    return {code: Fraction(text) for code, text in texts.items()}
