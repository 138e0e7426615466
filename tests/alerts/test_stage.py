"""The alerts stage: the clock, people, settings and moves of customers; and whole lives through the chain."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec
import pytest

from libs.fake_stripe import FakeStripe, changes
from libs.fake_stripe.settings import AccountSettings
from libs.fake_stripe.specs import CancellationSpec, ItemSpec, PriceSpec, SubscriptionSpec
from libs.wire.activity import SignalDecision
from libs.wire.codec import decode_activity, encode
from libs.wire.records import BelongingSince, ContributionChanged
from tests.alerts.in_memory import Alerts, to_client
from tests.mrr.in_memory import MemoryRecord, Stream, catalogue_of, instant, stripe_records

START = datetime(2026, 3, 1, tzinfo=UTC)
MONTHLY = PriceSpec(unit="250000")


def day(number: float) -> datetime:
    return START + timedelta(days=number)


class Shop:
    """A fake account with one customer, who pays 2,500.00 a month."""

    def __init__(self, price: PriceSpec = MONTHLY, **spec: object) -> None:
        self.fake = FakeStripe(start=START, settings=AccountSettings(livemode=True, upcoming_days=7))
        self.engine = self.fake.engine
        sold = self.engine.create_price(price)
        self.customer = self.engine.create_customer("a@acme.example")["id"]
        items = (ItemSpec(sold["id"], 1),)
        self.subscription = self.engine.create_subscription(
            self.customer,
            SubscriptionSpec(items=items, **spec),  # type: ignore[arg-type]
        )["id"]

    def activity(self) -> list[MemoryRecord]:
        """What the mrr service tells of all that has happened."""
        stream = Stream(now=instant(self.fake))
        stream.feed(stripe_records(self.fake.events, catalogue_of(self.fake)))
        return stream.activity


def fails(shop: Shop) -> None:
    shop.engine.set_payment_outcome(shop.customer, "stolen_card")
    shop.engine.advance_clock(day(33))


def recovers(shop: Shop) -> None:
    fails(shop)
    shop.engine.set_payment_outcome(shop.customer, "succeeds")
    shop.engine.advance_clock(day(60))


def leaves(shop: Shop) -> None:
    why = CancellationSpec(feedback="too_expensive")
    shop.engine.update_subscription(shop.subscription, changes.ScheduleCancellation(why=why))


def stays(shop: Shop) -> None:
    leaves(shop)
    shop.engine.advance_clock(day(2))
    shop.engine.update_subscription(shop.subscription, changes.WithdrawCancellation())


def goes(shop: Shop) -> None:
    leaves(shop)
    shop.engine.advance_clock(day(32))


def pauses(shop: Shop) -> None:
    shop.engine.advance_clock(day(2))
    shop.engine.update_subscription(shop.subscription, changes.PauseCollection())


LIVES = {
    "a payment fails": (fails, 34, {"payment_failed": "open", "past_due": "open"}),
    "and succeeds": (recovers, 61, {"payment_failed": "recovered", "past_due": "recovered"}),
    "a cancellation is asked for": (leaves, 1, {"cancellation_scheduled": "open"}),
    "and withdrawn": (stays, 3, {"cancellation_scheduled": "withdrawn"}),
    "or done": (goes, 33, {"cancellation_scheduled": "superseded", "canceled": "open"}),
    "collection is paused": (pauses, 3, {"paused": "open"}),
}


@pytest.mark.parametrize(("life", "now", "standing"), LIVES.values(), ids=LIVES.keys())
def test_a_life_through_the_whole_chain(life: object, now: float, standing: dict[str, str]) -> None:
    shop = Shop()
    assert callable(life)
    life(shop)
    records = shop.activity()
    ordered, shuffled = Alerts(day(now)), Alerts(day(now))
    ordered.feed(records)
    repeated = [record for record in records for _ in range(2)]
    Random(7).shuffle(repeated)
    for record in repeated:
        shuffled.feed([record])
    assert ordered.standing() == standing
    assert {name: one for name, one in shuffled.standing().items() if one != "contradicted"} == standing
    assert set(ordered.health) == {f"customer:{shop.customer}"}


def test_a_large_renewal_is_told_two_weeks_ahead_and_over_when_it_has_come() -> None:
    shop = Shop(PriceSpec(unit="1200000", interval="year"))
    alerts = Alerts(day(1))
    for number, standing in ((350, {}), (352, {"large_renewal": "open"}), (360, {"large_renewal": "open"}),
                             (366, {"large_renewal": "expired"})):  # fmt: skip
        shop.engine.advance_clock(day(number))
        alerts.now = day(number)
        alerts.feed(shop.activity())
        alerts.wait_until(day(number))
        assert alerts.standing() == standing
    assert "invoice.upcoming" in {event["type"] for event in shop.fake.events}
    opened, *_, closed = (one for one in alerts.published if one.rule == "large_renewal")
    assert opened.message == "12000.00 USD renews on 2027-03-01"
    assert (opened.opened_at, closed.resolved_at, opened.id) == (day(351), day(365), closed.id)


def test_a_hard_decline_says_so() -> None:
    shop = Shop()
    fails(shop)
    alerts = Alerts(day(34))
    alerts.feed(shop.activity())
    [failed] = [one for one in alerts.held.values() if one.rule == "payment_failed"]
    assert "stolen_card, hard" in failed.message
    assert failed.severity == "critical"


@pytest.fixture
def canceled() -> tuple[Alerts, str]:
    """A client whose subscription was canceled on the first day, and the signal."""
    shop = Shop()
    shop.engine.advance_clock(day(1))
    shop.engine.cancel_subscription(shop.subscription)
    alerts = Alerts(day(1.1))
    alerts.feed(shop.activity())
    [signal] = alerts.held.values()
    assert (signal.rule, signal.status) == ("canceled", "open")
    return alerts, signal.id


def decided(alerts: Alerts, signal: str, verdict: str, until: datetime | None = None) -> None:
    client = alerts.held[signal].client
    record = SignalDecision(id=f"dec_{verdict}", project="acme", client=client, signal=signal, until=until,
                            verdict=verdict, occurred_at=alerts.now)  # type: ignore[arg-type]  # fmt: skip
    alerts.feed([to_client(record, client)] * 2)


def test_time_alone_escalates_and_then_expires_a_signal(canceled: tuple[Alerts, str]) -> None:
    alerts, _ = canceled
    alerts.settle(risk={"large_mrr": 10**9})
    assert [one.severity for one in alerts.published] == ["critical", "high"]
    alerts.wait_until(day(3.9))
    assert len(alerts.published) == 2
    alerts.wait_until(day(4.1))
    assert [one.severity for one in alerts.published] == ["critical", "high", "critical"]
    alerts.wait_until(day(30.9))
    assert len(alerts.published) == 3
    alerts.wait_until(day(31.1))
    assert (alerts.published[-1].status, alerts.published[-1].resolution) == ("resolved", "expired")
    assert alerts.published[-1].resolved_at == day(31)


def test_people_s_decisions_come_out_on_the_topic(canceled: tuple[Alerts, str]) -> None:
    alerts, name = canceled
    decided(alerts, name, "snooze", day(2))
    assert [one.status for one in alerts.published] == ["open", "snoozed"]
    alerts.wait_until(day(2.1))
    assert alerts.published[-1].status == "open"
    decided(alerts, name, "acknowledge")
    assert [one.status for one in alerts.published] == ["open", "snoozed", "open", "acknowledged"]
    assert {one.id for one in alerts.published} == {name}


def test_a_rule_that_is_switched_off_closes_its_signals(canceled: tuple[Alerts, str]) -> None:
    alerts, _ = canceled
    alerts.settle(risk={"off": ["canceled"]})
    assert alerts.published[-1].status == "resolved"
    assert next(iter(alerts.health.values())).open_signals == 0


def test_settings_that_cannot_be_read_leave_those_before(canceled: tuple[Alerts, str]) -> None:
    alerts, _ = canceled
    alerts.settle(risk={"off": ["rain"]})
    alerts.settle(health={"weights": {"signals": 5}})
    assert len(alerts.published) == 1


def test_a_restart_finds_what_is_due_and_tells_nothing_again(canceled: tuple[Alerts, str]) -> None:
    alerts, _ = canceled
    restarted = Alerts(day(1.2), dict(alerts.table))
    restarted.recheck(list(alerts.table))
    assert restarted.published == []
    restarted.wait_until(day(32))
    assert restarted.standing() == {"canceled": "expired"}


def test_a_customer_takes_its_troubles_along_to_another_client() -> None:
    shop = Shop()
    fails(shop)
    alerts, records = Alerts(day(34)), shop.activity()
    alerts.feed(records)
    here = f"customer:{shop.customer}"
    moves = [to_client(each, client) for client, each in moved(records, here)]
    alerts.feed(moves)
    assert {(one.client, one.rule, one.status) for one in alerts.held.values()} == {
        (here, "payment_failed", "resolved"),
        (here, "past_due", "resolved"),
        ("big", "payment_failed", "open"),
        ("big", "past_due", "open"),
    }
    assert {one.resolution for one in alerts.held.values() if one.client == here} == {"superseded"}
    before = len(alerts.published)
    alerts.feed([*records, *moves])  # as after a crash
    assert len(alerts.published) == before


def moved(records: list[MemoryRecord], here: str) -> Iterator[tuple[str, ContributionChanged]]:
    """What the mrr service tells both clients of when the customer goes to the client `big`."""
    told = (decode_activity(record.value or b"") for record in records)
    last = [one for one in told if isinstance(one, ContributionChanged)][-1]
    revision = msgspec.structs.replace(last.revision, offset=last.revision.offset + 1)
    belongings = (BelongingSince(here), BelongingSince("big", day(34)))
    latest = msgspec.structs.replace(last, revision=revision, belongings=belongings)
    yield here, msgspec.structs.replace(latest, left=True, subscriptions=())
    yield "big", msgspec.structs.replace(latest, client="big")
    assert encode(latest)
