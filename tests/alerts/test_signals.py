"""From what the mrr service tells of a client's invoices to signals, through the fake Stripe's dunning."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from libs.domain.risk import ClientRisk, Signal
from libs.fake_stripe import FakeStripe
from libs.fake_stripe.settings import AccountSettings
from libs.fake_stripe.specs import ItemSpec, PriceSpec, SubscriptionSpec
from libs.wire.codec import decode
from libs.wire.records import SignalRecord
from libs.wire.topics import CHURN_SIGNALS, CLIENT_ACTIVITY
from services.alerts.client_entry import decode_entry, encode_entry
from services.alerts.clients import SignalStage
from services.alerts.policies import RiskPolicies
from tests.mrr.in_memory import MemoryRecord, Stream, catalogue_of, instant, remember, stripe_records

START = datetime(2026, 3, 1, tzinfo=UTC)


def failing(days: int, *, recovers: bool) -> FakeStripe:
    """A customer whose first renewal fails; `days` after the start, perhaps after the card was mended."""
    fake = FakeStripe(start=START, settings=AccountSettings(livemode=True))
    price = fake.engine.create_price(PriceSpec(unit="250000"))
    customer = fake.engine.create_customer("a@acme.example")
    fake.engine.create_subscription(customer["id"], SubscriptionSpec(items=(ItemSpec(price["id"], 1),)))
    fake.engine.set_payment_outcome(customer["id"], "insufficient_funds")
    fake.engine.advance_clock(START + timedelta(days=33))
    if recovers:
        fake.engine.set_payment_outcome(customer["id"], "succeeds")
    fake.engine.advance_clock(START + timedelta(days=days))
    return fake


def activity(fake: FakeStripe) -> list[MemoryRecord]:
    stream = Stream(now=instant(fake))
    for record in stripe_records(fake.events, catalogue_of(fake)):
        stream.feed([record])
    return stream.activity


def stage_at(now: datetime) -> SignalStage:
    return SignalStage(RiskPolicies(), lambda: now)


def told(records: Sequence[MemoryRecord], table: dict[bytes, bytes]) -> list[SignalRecord]:
    """The signals that the stage publishes, record by record."""
    stage, signals = stage_at(START + timedelta(days=46)), []
    for record in records:
        result = stage.compute([record], table)
        remember(table, result)
        signals += [
            decode(value or b"", SignalRecord) for topic, _, value, _ in result.outputs if topic == CHURN_SIGNALS.name
        ]
    return signals


def states(data: bytes) -> tuple[ClientRisk, list[Signal]]:
    """All of an entry but when a signal was told last: that never goes back, so it depends on what came when."""
    entry = decode_entry(data)
    return entry.risk, [replace(one, updated_at=one.opened_at) for one in entry.told]


def of_rule(rule: str, signals: Sequence[SignalRecord]) -> list[SignalRecord]:
    return [signal for signal in signals if signal.rule == rule]


def test_a_failed_renewal_opens_one_signal_with_what_is_at_stake() -> None:
    everything = told(activity(failing(34, recovers=False)), {})
    assert {signal.rule for signal in everything} == {"payment_failed", "past_due"}
    signals = of_rule("payment_failed", everything)
    assert len({signal.id for signal in signals}) == 1
    last = signals[-1]
    assert (last.status, last.client[:9]) == ("open", "customer:")
    assert last.mrr_at_risk == {"usd": "2500.00"}
    assert last.amount_due == {"usd": "2500.00"}
    assert last.evidence


def test_a_payment_that_succeeds_resolves_it() -> None:
    signals = of_rule("payment_failed", told(activity(failing(45, recovers=True)), {}))
    assert [signals[0].status, signals[-1].status] == ["open", "resolved"]
    assert signals[-1].resolution == "recovered"
    assert signals[-1].id == signals[0].id
    assert signals[-1].resolved_at is not None


@pytest.mark.parametrize("seed", range(5))
def test_any_order_and_repeats_end_in_the_same_table_and_signals(seed: int) -> None:
    records = activity(failing(45, recovers=True))
    ordered: dict[bytes, bytes] = {}
    shuffled: dict[bytes, bytes] = {}
    expected = told(records, ordered)[-1]
    deliveries = [record for record in records for _ in range(Random(seed).randint(1, 3))]
    Random(seed).shuffle(deliveries)
    told(deliveries, shuffled)
    assert {key: states(data) for key, data in shuffled.items()} == {key: states(data) for key, data in ordered.items()}
    assert told(records, dict(shuffled)) == []
    assert expected.status == "resolved"


def test_a_replay_of_the_whole_topic_tells_nothing_new() -> None:
    records = activity(failing(45, recovers=True))
    table: dict[bytes, bytes] = {}
    told(records, table)
    assert told(records, table) == []


def test_a_malformed_record_goes_to_the_dead_letters() -> None:
    poison = MemoryRecord(CLIENT_ACTIVITY.name, 3, b"acme/c", b"{}")
    [(topic, *_, headers)] = stage_at(START).compute([poison], {}).outputs
    assert topic == "client.activity.dead-letters"
    assert dict(headers)["dl_consumer"] == b"alerts"


def test_entries_survive_their_encoding() -> None:
    table: dict[bytes, bytes] = {}
    told(activity(failing(34, recovers=False)), table)
    assert {key: data[:12] + encode_entry(decode_entry(data), None, 0)[12:] for key, data in table.items()} == table
