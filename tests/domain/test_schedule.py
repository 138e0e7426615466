"""When an account is read next, by the project's own clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.domain.schedule import LONG, Interval, Schedule, next_night, next_run

BERLIN = Schedule("Europe/Berlin")
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("now", "expected", "schedule"),
    [
        pytest.param("2026-11-23T10:00+01:00", "2026-11-23T10:30+01:00", BERLIN, id="in hours: half an hour"),
        pytest.param("2026-11-23T09:00+01:00", "2026-11-23T09:30+01:00", BERLIN, id="the first minute is in"),
        pytest.param("2026-11-23T17:50+01:00", "2026-11-23T18:20+01:00", BERLIN, id="the last run in hours"),
        pytest.param("2026-11-23T18:00+01:00", "2026-11-23T21:00+01:00", BERLIN, id="closed at six: three hours"),
        pytest.param("2026-11-24T08:00+01:00", "2026-11-24T09:00+01:00", BERLIN, id="not later than the opening"),
        pytest.param("2026-11-27T20:00+01:00", "2026-11-27T23:00+01:00", BERLIN, id="Friday evening"),
        pytest.param("2026-11-28T10:00+01:00", "2026-11-28T13:00+01:00", BERLIN, id="Saturday at ten"),
        pytest.param("2026-11-23T08:30+00:00", "2026-11-23T09:00+00:00", BERLIN, id="by the wall, whatever is given"),
        pytest.param("2026-11-23T10:00+00:00", "2026-11-23T13:00+00:00", Schedule(days=frozenset()), id="no days"),
        pytest.param("2026-11-23T10:00+00:00", "2026-11-23T13:00+00:00", Schedule(opens=9, closes=9), id="no hours"),
        pytest.param(
            "2026-03-29T00:00+01:00", "2026-03-29T04:00+02:00", BERLIN, id="clocks go forward: three hours elapsed"
        ),
        pytest.param(
            "2026-10-25T00:00+02:00", "2026-10-25T02:00+01:00", BERLIN, id="clocks go back: three hours elapsed"
        ),
        pytest.param(
            "2026-03-29T01:00+01:00",
            "2026-03-29T01:30+01:00",
            Schedule("Europe/Berlin", frozenset({6}), opens=1, closes=4),
            id="half an hour before the hour that is missing",
        ),
        pytest.param(
            "2026-03-29T01:30+01:00",
            "2026-03-29T03:00+02:00",
            Schedule("Europe/Berlin", frozenset({6}), opens=2, closes=4),
            id="opens in the hour that is missing: when it would be over",
        ),
        pytest.param(
            "2026-10-25T01:30+02:00",
            "2026-10-25T02:00+02:00",
            Schedule("Europe/Berlin", frozenset({6}), opens=2, closes=4),
            id="opens in the hour that comes twice: at the first",
        ),
        pytest.param(
            "2026-10-25T02:45+02:00",
            "2026-10-25T02:15+01:00",
            Schedule("Europe/Berlin", frozenset({6}), opens=2, closes=3),
            id="the hour that comes twice is open twice",
        ),
    ],
)
def test_next_run(now: str, expected: str, schedule: Schedule) -> None:
    assert next_run(at(now), schedule) == at(expected)


@given(INSTANTS, ZONES)
def test_three_hours_are_three_hours_and_off_is_never(now: datetime, zone: str) -> None:
    assert next_run(now, Schedule(zone, interval=Interval.THREE_HOURLY)) == now + timedelta(hours=3)
    assert next_run(now, Schedule(zone, interval=Interval.OFF)) is None


@given(INSTANTS, ZONES)
def test_next_run_is_later_within_the_longest_interval_and_misses_no_opening(now: datetime, zone: str) -> None:
    schedule = Schedule(zone)
    found = next_run(now, schedule)
    assert found is not None
    assert now < found <= now + LONG
    if not schedule.is_open(now):
        assert not schedule.is_open(found - timedelta(seconds=1))


@given(INSTANTS, ZONES, st.text(max_size=20))
def test_each_night_once_between_two_and_five(now: datetime, zone: str, name: str) -> None:
    first = next_night(now, zone, name)
    second = next_night(first, zone, name)
    for night in (first, second):
        assert 2 <= night.astimezone(ZoneInfo(zone)).hour < 5
    local = [night.astimezone(ZoneInfo(zone)).date() for night in (first, second)]
    assert local[1] - local[0] == timedelta(days=1)
    assert now < first <= now + timedelta(hours=26)


@pytest.mark.parametrize(
    ("day", "earliest", "latest"),
    [
        pytest.param("2026-03-28T12:00+01:00", "2026-03-29T03:00+02:00", "2026-03-29T05:00+02:00", id="an hour less"),
        pytest.param("2026-10-24T12:00+02:00", "2026-10-25T02:00+02:00", "2026-10-25T05:00+01:00", id="an hour more"),
    ],
)
def test_night_when_the_clocks_change(day: str, earliest: str, latest: str) -> None:
    nights = [next_night(at(day), "Europe/Berlin", f"project {number}") for number in range(200)]
    assert all(at(earliest) <= night < at(latest) for night in nights)
    assert max(nights) - min(nights) > (at(latest) - at(earliest)) * 9 / 10


def test_projects_are_spread_over_the_night_and_keep_their_place() -> None:
    now = at("2026-11-22T12:00+00:00")
    assert len({next_night(now, "UTC", f"project {number}") for number in range(50)}) == 50
    assert next_night(now, "UTC", "a") + timedelta(days=1) == next_night(now + timedelta(days=1), "UTC", "a")
