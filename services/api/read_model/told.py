"""What a record tells, beside the record, for the tables of what stands now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from libs.domain.fact import Fact
from libs.domain.metrics.cells import Cells
from libs.wire.records import StripeRecord
from services.api.read_model.books import Book, Volume
from services.api.read_model.cells import Changes, Shelf, note


class Where(NamedTuple):
    """Whose, and of which mode."""

    project: str
    livemode: bool


class Moment(NamedTuple):
    """Which of two tellings of one object is the later one."""

    at: datetime
    rank: int


@dataclass(frozen=True, slots=True)
class Told:
    """One fact of one record."""

    where: Where
    record: StripeRecord
    fact: Fact

    @property
    def moment(self) -> Moment:
        return Moment(self.fact.at, self.fact.rank)


def volumes(book: Book) -> Iterable[Volume]:
    """Payments and trials are in every generation: none is built client by client."""
    return (book.shown,) if book.next is None else (book.shown, book.next)


def day_in(at: datetime, volume: Volume) -> date:
    """The day that an instant falls on in the volume's zone."""
    return at.astimezone(ZoneInfo(volume.timezone)).date()


@dataclass(frozen=True, slots=True)
class SumsOf:
    """Notes, for one project's volumes, what changes in its daily sums."""

    where: Where
    books: Mapping[str, Book]
    changes: Changes

    def note(self, volume: Volume, before: Cells, after: Cells) -> None:
        note(self.changes, Shelf(*self.where, volume.generation), before, after)

    @property
    def volumes(self) -> Iterable[Volume]:
        return volumes(self.books[self.where.project])
