"""Where deliveries may go, when they are tried again, what they say, when a digest is due."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.deliveries.bodies import slack_body, standard_body
from services.api.deliveries.digest import DigestTimes, DuePeriod, due_period
from services.api.deliveries.egress import Egress, UrlNotAllowed, is_public
from services.api.deliveries.schedule import WAITS, is_given_up, next_attempt
from services.api.stream.log import Change
from tests.api.builders import NOW


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("240.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
        ("::7f00:1", False),
        ("no address", False),
    ],
)
def test_only_the_public_internet_is_public(address: str, public: bool) -> None:
    assert is_public(address) is public


def found(host: str, port: int) -> list[str]:
    """A look-up without the network."""
    known = {"public.example": ["93.184.216.34"], "mixed.example": ["93.184.216.34", "10.0.0.1"]}
    if host.replace(".", "").isdigit():
        return [host]
    if host not in known:
        raise OSError("no such host")
    return known[host]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        pytest.param("https://public.example/hook?a=b", None, id="fine"),
        pytest.param("https://public.example:8443/hook", None, id="another port"),
        pytest.param("http://public.example/hook", "https://", id="not https"),
        pytest.param("ftp://public.example/hook", "https://", id="another scheme"),
        pytest.param("https://mixed.example/", "not public", id="one of its addresses is private"),
        pytest.param("https://127.0.0.1/", "not public", id="this machine"),
        pytest.param("https://169.254.169.254/latest/meta-data", "not public", id="a cloud's metadata"),
        pytest.param("https://nobody.example/", "no address", id="unknown host"),
        pytest.param("https://user:pw@public.example/", "no user", id="with a password"),
        pytest.param("https:///path", "name a host", id="no host"),
        pytest.param("https://public.example\\@127.0.0.1/", "plain URL", id="a backslash"),
        pytest.param("https://public.example/\r\nHost: x", "plain URL", id="a line break"),
        pytest.param("https://[::1", "not a URL", id="broken"),
        pytest.param("https://public.example:99999/", "not a URL", id="no such port"),
        pytest.param("https://pübl.example/", "plain URL", id="not ASCII"),
        pytest.param(f"https://public.example/{'a' * 2000}", "plain URL", id="too long"),
    ],
)
async def test_an_endpoint_must_be_https_and_public(url: str, reason: str | None) -> None:
    egress = Egress(lookup=found)
    if reason is None:
        await egress.require(url)
        return
    with pytest.raises(UrlNotAllowed, match=reason):
        await egress.require(url)


def test_eight_attempts_take_28_hours() -> None:
    at, tried = NOW, [NOW]
    while (again := next_attempt(len(tried), at, 0.5)) is not None:
        at = again
        tried.append(at)
    assert len(tried) == 8
    assert timedelta(hours=27) < tried[-1] - tried[0] < timedelta(hours=28)


@given(st.integers(1, len(WAITS)), st.floats(0, 1, exclude_max=True))
def test_waits_are_spread_by_a_tenth(attempts: int, luck: float) -> None:
    again = next_attempt(attempts, NOW, luck)
    assert again is not None
    assert abs((again - NOW) / WAITS[attempts - 1] - 1) <= 0.1001


def test_an_endpoint_is_given_up_after_five_days() -> None:
    assert not is_given_up(NOW, NOW + timedelta(days=5, seconds=-1))
    assert is_given_up(NOW, NOW + timedelta(days=5))


BERLIN, DAILY = ZoneInfo("Europe/Berlin"), DigestTimes(every="day", hour=8)
WEEKLY = DigestTimes(every="week", hour=2, weekday="sunday")


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("times", "now", "name"),
    [
        pytest.param(DAILY, utc(2026, 3, 1, 6, 59), None, id="before its hour"),
        pytest.param(DAILY, utc(2026, 3, 1, 7, 0), "day:2026-03-01", id="8 in winter is 7 UTC"),
        pytest.param(DAILY, utc(2026, 7, 1, 6, 0), "day:2026-07-01", id="8 in summer is 6 UTC"),
        pytest.param(DAILY, utc(2026, 3, 1, 18, 59), "day:2026-03-01", id="late, after an outage"),
        pytest.param(DAILY, utc(2026, 3, 1, 19, 0), None, id="too late"),
        pytest.param(DAILY, utc(2025, 12, 31, 23, 30), None, id="the day is Berlin's"),
        pytest.param(WEEKLY, utc(2026, 3, 29, 0, 59), None, id="the clock skips 2 h: not before it goes on"),
        pytest.param(WEEKLY, utc(2026, 3, 29, 1, 0), "week:2026-03-29", id="the clock goes on at 3 h"),
        pytest.param(WEEKLY, utc(2026, 10, 25, 0, 0), "week:2026-10-25", id="2 h comes twice: the first"),
        pytest.param(WEEKLY, utc(2026, 10, 25, 1, 30), "week:2026-10-25", id="2 h comes twice: the same once more"),
        pytest.param(WEEKLY, utc(2026, 3, 30, 8, 0), None, id="another day of the week"),
    ],
)
def test_a_digest_is_due_by_the_project_s_clock(times: DigestTimes, now: datetime, name: str | None) -> None:
    due = due_period(times, BERLIN, utc(2020, 1, 1), now)
    assert (due and due.name) == name


def test_a_digest_tells_of_whole_days_that_have_passed() -> None:
    assert due_period(DAILY, BERLIN, utc(2020, 1, 1), utc(2026, 3, 1, 9)) == DuePeriod(
        "day:2026-03-01",
        date(2026, 2, 28),
        date(2026, 2, 28),
    )
    assert due_period(DAILY, BERLIN, utc(2026, 3, 1, 8), utc(2026, 3, 1, 9)) is None


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.integers(0, 23))  # noqa: DTZ001 – made aware below
def test_every_day_has_one_digest_whatever_the_clock_does(day: datetime, hour: int) -> None:
    start = day.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=BERLIN).astimezone(UTC)
    times = DigestTimes(hour=hour)
    moments = (start + timedelta(minutes=10 * step) for step in range(6 * 49))
    names = {due.name for at in moments if (due := due_period(times, BERLIN, utc(2020, 1, 1), at))}
    assert f"day:{start.astimezone(BERLIN).date()}" in names


CHANGE = Change(
    "p", "signal", "sig_1:1:open", True, "acme & sons", "payment_failed", "critical", "resolved",
    b'{"message":"paid <now>","resolution":"recovered","mrr_at_risk":{"by_currency":{"eur":"1.00","usd":"2.00"}}}', NOW,
)  # fmt: skip


def test_bodies_say_what_happened() -> None:
    assert msgspec.json.decode(slack_body(CHANGE))["text"] == (
        "✅ acme &amp; sons: payment_failed resolved (recovered) – paid &lt;now&gt; · MRR at risk 1.00 EUR, 2.00 USD"
    )
    standard = msgspec.json.decode(standard_body(CHANGE))
    assert (standard["id"], standard["type"]) == ("sig_1:1:open", "churn.signal.resolved")
    assert standard["timestamp"] == "2026-03-01T12:00:00Z"
