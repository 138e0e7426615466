"""Events are read oldest slice first, none left out, none between two readings."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.stripe_gateway import EVENTS, Listing
from services.ingest.slices import SLICE, Place, Slices

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def holds(listing: Listing, at: datetime) -> bool:
    """Whether Stripe would list an event of that second."""
    created = listing.filters.get("created", {})
    assert isinstance(created, Mapping)
    return bool(created.get("gte", 0) <= at.timestamp() < created.get("lt", 10**11))


@given(st.one_of(st.none(), st.integers(0, 60 * 24)), st.integers(-40 * 24, 24))
def test_each_event_is_in_exactly_one_slice(since_hours: int | None, event_hours: int) -> None:
    since = None if since_hours is None else NOW - timedelta(hours=since_hours)
    at = NOW + timedelta(hours=event_hours)
    found = sum(holds(listing, at) for listing in Slices(since, NOW))
    assert found == (1 if since is None or at >= since else 0)


@pytest.mark.parametrize(("days", "count"), [(0, 1), (1, 1), (3, 1), (4, 2), (29, 10)])
def test_there_are_as_many_slices_as_the_time_needs(days: int, count: int) -> None:
    assert len(list(Slices(NOW - days * DAY, NOW))) == count


def test_a_cursor_goes_on_where_it_was_and_ends_with_the_last_slice() -> None:
    slices = Slices(None, NOW)
    place: Place | None = Place(slices.begin)
    seen = []
    while place is not None:
        assert slices.place(place.text()) == Place(place.begin.replace(microsecond=0), place.after)
        seen.append((place.begin, place.after))
        # Each slice has two pages.
        place = slices.following(place, "evt_9" if place.after is None else None)
    assert [after for _, after in seen] == [None, "evt_9"] * 10
    assert seen[-1][0] + SLICE >= NOW


def test_all_that_is_kept_is_asked_for_without_a_beginning() -> None:
    first, *_, last = Slices(None, NOW)
    assert first == EVENTS.created_before(NOW - 30 * DAY + SLICE)
    assert last == EVENTS.created_since(NOW - 3 * DAY)
