"""Stripe lists events newest first; history is written oldest first. So they are read slice by slice of their time.

A slice is shorter than the late window (`late_window_days`, by default four), within which order does not matter.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from libs.domain.customer_state.folding import EVENTS_KEPT
from libs.stripe_gateway import EVENTS, Listing

SLICE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Place:
    """How far events were read: which slice, by its begin, and after which event of it (None: at its top)."""

    begin: datetime
    after: str | None = None

    def text(self) -> str:
        """As a cursor is stored."""
        return f"{int(self.begin.timestamp())}:{self.after or ''}"


@dataclass(frozen=True, slots=True)
class Slices:
    """The events since an instant (None: all that Stripe has kept), as it is at `until`.

    The last slice is open, so that nothing that happens meanwhile falls between two readings; the first one is where
    all events are asked for.
    """

    since: datetime | None
    until: datetime

    @property
    def begin(self) -> datetime:
        """Where the first slice begins."""
        return self.until - EVENTS_KEPT if self.since is None else self.since

    def place(self, cursor: str) -> Place:
        """Where to go on, as `Place.text` wrote it."""
        begin, _, after = cursor.partition(":")
        return Place(datetime.fromtimestamp(int(begin), UTC), after or None)

    def following(self, place: Place, after: str | None) -> Place | None:
        """Where to go on behind a page; `after` None: it was the slice's last. None: all was read."""
        if after is not None:
            return Place(place.begin, after)
        end = place.begin + SLICE
        return Place(end) if end < self.until else None

    def listing(self, place: Place) -> Listing:
        """The list of the place's slice."""
        end = place.begin + SLICE
        is_first = self.since is None and place.begin - self.begin < timedelta(seconds=1)
        if end >= self.until:
            return EVENTS if is_first else EVENTS.created_since(place.begin)
        return EVENTS.created_before(end) if is_first else EVENTS.created_between(place.begin, end)

    def reached(self, place: Place) -> int:
        """How much of the time was read, in thousandths."""
        return int(1000 * max(0.0, min(1.0, (place.begin - self.begin) / max(SLICE, self.until - self.begin))))

    def __iter__(self) -> Iterator[Listing]:
        """The lists of all slices, oldest first; at least one."""
        place: Place | None = Place(self.begin)
        while place is not None:
            yield self.listing(place)
            place = self.following(place, None)
