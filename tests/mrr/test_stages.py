"""What the two stages publish and remember, record by record."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from libs.domain.customer_state import EMPTY, fold
from libs.domain.identity import ItemId
from libs.fake_stripe import FakeStripe
from libs.fake_stripe.settings import AccountSettings
from libs.fake_stripe.specs import CouponSpec, ItemSpec, PriceSpec, SubscriptionSpec, TierSpec
from libs.runtime.changes_due import NEVER, ChangesDue
from libs.wire.codec import MalformedRecord, decode, encode
from libs.wire.records import ClientRecord, SettingsRecord
from libs.wire.stripe_event import Catalogue
from libs.wire.topics import CLIENT_ACTIVITY, REVENUE_CLIENTS, STRIPE_EVENTS
from services.mrr.clients import ClientStage
from services.mrr.customer_entry import (
    CustomerEntry,
    Glance,
    checked_of,
    decode_entry,
    encode_entry,
    glance_of,
    incomplete_of,
    next_change_of,
)
from services.mrr.customers import CustomerStage
from services.mrr.mapping import Clients
from services.mrr.measures import INCOMPLETE
from services.mrr.policies import Policies
from tests.domain.states import after, subscription, told
from tests.mrr.in_memory import MemoryRecord, Stream, catalogue_of, instant, stripe_records

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def subscribed() -> FakeStripe:
    """One customer who pays 100.00 a month, less half for two months by a repeating coupon."""
    fake = FakeStripe(start=START, settings=AccountSettings(livemode=True))
    price = fake.engine.create_price(PriceSpec(unit="10000"))
    coupon = fake.engine.create_coupon(CouponSpec(percent_off=50, duration="repeating", months=2))
    customer = fake.engine.create_customer("a@acme.example")
    spec = SubscriptionSpec(items=(ItemSpec(price["id"], 1),), coupons=(coupon["id"],))
    fake.engine.create_subscription(customer["id"], spec)
    return fake


def test_a_repeated_delivery_publishes_and_changes_nothing(subscribed: FakeStripe) -> None:
    stream = Stream(now=instant(subscribed))
    records = stripe_records(subscribed.events, catalogue_of(subscribed))
    stream.feed(records)
    told = {record.value for record in stream.activity}
    again = stream.by_customer.compute(records, stream.customers)
    assert [value for _, _, value, _ in again.outputs if b"contribution" in (value or b"")] == []
    assert {value for _, _, value, _ in again.outputs} <= told
    assert again.changes == {}


def test_who_looks_again_at_what_is_stored_finds_nothing_to_tell(subscribed: FakeStripe) -> None:
    stream = Stream(now=instant(subscribed))
    stream.feed(stripe_records(subscribed.events, catalogue_of(subscribed)))
    again = stream.by_customer.recheck(list(stream.customers), stream.customers)
    assert again.outputs == []


def test_a_crash_before_the_table_is_written_publishes_the_same_again(subscribed: FakeStripe) -> None:
    records = stripe_records(subscribed.events, catalogue_of(subscribed))
    stage = CustomerStage(Policies(), Clients(), lambda: START, epoch=1)
    assert stage.compute(records, {}) == stage.compute(records, {})


def test_a_contribution_that_came_late_does_not_win(subscribed: FakeStripe) -> None:
    records = stripe_records(subscribed.events, catalogue_of(subscribed))
    stream = Stream(now=instant(subscribed))
    for record in records:
        stream.feed([record])
    revenue = dict(stream.revenue)
    replayed = ClientStage(Policies(), lambda: START, epoch=1).compute([], {})
    late = stream.by_client.compute(stream.activity[:-1], stream.clients)
    assert replayed.outputs == []
    assert late.outputs == []
    assert stream.revenue == revenue


def test_when_a_discount_ends_the_clock_alone_changes_the_figure(subscribed: FakeStripe) -> None:
    stream = Stream(now=instant(subscribed))
    stream.feed(stripe_records(subscribed.events, catalogue_of(subscribed)))
    before = {amount for worth in stream.worth().values() for amount in worth.values()}
    stream.now = START + timedelta(days=70)
    due = list(stream.by_customer.due.due(int(stream.now.timestamp())))
    result = stream.by_customer.recheck(due, stream.customers)
    stream.feed_result(result)
    assert before == {5000}
    assert {amount for worth in stream.worth().values() for amount in worth.values()} == {10000}


def test_another_policy_is_another_figure_once_rechecked(subscribed: FakeStripe) -> None:
    stream = Stream(now=instant(subscribed))
    stream.feed(stripe_records(subscribed.events, catalogue_of(subscribed)))
    changed: list[str] = []
    stream.policies.on_change = lambda project, _before: changed.append(project)
    record = SettingsRecord(project="acme", version=2, policy={"subtract_discounts": {"repeating": False}})
    stream.policies.apply(b"acme", encode(record))
    stream.feed_result(stream.by_customer.recheck(list(stream.customers), stream.customers))
    assert changed == ["acme"]
    assert {checked_of(entry) for entry in stream.customers.values()} == {stream.policies.of("acme").checked}
    assert {amount for worth in stream.worth().values() for amount in worth.values()} == {10000}


@pytest.mark.parametrize("value", [b"", b"nonsense", b"{}", b"\xff", None], ids=repr)
def test_a_malformed_record_goes_to_the_dead_letters_and_stops_nobody(value: bytes | None) -> None:
    poison = MemoryRecord(STRIPE_EVENTS.name, 7, b"acme/cus_1", value)
    result = CustomerStage(Policies(), Clients(), lambda: START, epoch=1).compute([poison], {})
    [(topic, key, sent, headers)] = result.outputs
    assert (topic, key, sent) == ("stripe.events.dead-letters", b"acme/cus_1", value)
    assert dict(headers)["dl_offset"] == b"7"
    assert dict(headers)["dl_consumer"] == b"mrr"
    told = ClientStage(Policies(), lambda: START, epoch=1).compute([replace(poison, topic=CLIENT_ACTIVITY.name)], {})
    assert [topic for topic, *_ in told.outputs] == ["client.activity.dead-letters"]


def test_settings_that_cannot_be_read_leave_the_policy_as_it_was() -> None:
    policies = Policies()
    policies.apply(b"acme", encode(SettingsRecord(project="acme", version=3, preset="stripe")))
    known = policies.of("acme")
    policies.apply(b"acme", b"nonsense")
    policies.apply(b"acme", encode(SettingsRecord(project="acme", version=4, preset="unheard of")))
    assert policies.of("acme") == known
    policies.apply(b"acme", None)
    assert policies.of("acme").version == 0


def test_the_entry_of_a_subscription_with_thousands_of_items_is_packed() -> None:
    [line] = subscription().items
    items = tuple(replace(line, id=ItemId(f"si_{number}"), quantity=number) for number in range(5000))
    versions = [told(replace(subscription(), items=items[number:]), after(number)) for number in range(4)]
    entry = CustomerEntry("acct_1", True, state=fold(EMPTY, versions, None), glance=Glance(client="acme"))
    packed = encode_entry(entry)
    assert decode_entry(packed) == entry
    assert len(packed) < 500_000
    assert glance_of(packed) == entry.glance


def test_entries_survive_their_encoding() -> None:
    glance = Glance("acme", "a@acme.example", ("acme.example",), "acme", "domain", ("other",))
    entry = CustomerEntry(
        "acct_1", True, EMPTY, 12, b"print", glance=glance, next_change=START, checked=3, incomplete=2
    )
    assert decode_entry(encode_entry(entry)) == entry
    assert next_change_of(encode_entry(entry)) == int(START.timestamp())
    assert incomplete_of(encode_entry(entry)) == 2
    assert glance_of(encode_entry(entry)) == glance
    assert next_change_of(encode_entry(structs.replace(entry, next_change=None))) == NEVER
    with pytest.raises(MalformedRecord, match="rebuild"):
        decode_entry(b"short")


def test_changes_come_due_once_in_order_and_a_change_of_plan_counts() -> None:
    due = ChangesDue(next_change_of)
    for key, at in ((b"b", 20), (b"a", 10), (b"c", 30), (b"b", 25), (b"c", NEVER)):
        due.plan(key, at)
    assert list(due.due(9)) == []
    assert list(due.due(24)) == [b"a"]
    assert list(due.due(99)) == [b"b"]
    assert list(due.due(99)) == []


def test_incomplete_subscriptions_show_in_a_metric() -> None:
    fake = FakeStripe(start=START, settings=AccountSettings(livemode=True))
    tiers = (TierSpec(up_to=None, unit="500"),)
    price = fake.engine.create_price(PriceSpec(tiers=tiers, tiers_mode="graduated"))
    customer = fake.engine.create_customer("a@acme.example")
    fake.engine.create_subscription(customer["id"], SubscriptionSpec(items=(ItemSpec(price["id"], 3),)))
    stream = Stream(now=instant(fake))
    before = INCOMPLETE._value.get()
    stream.feed(stripe_records(fake.events, Catalogue()))
    assert INCOMPLETE._value.get() - before == 1
    [record] = stream.revenue.values()
    assert [one.reason for one in record.incomplete] == [f"tiers:{price['id']}"]
    stream.by_customer.incomplete.recount([stream.customers])
    assert INCOMPLETE._value.get() == 1


def test_a_rebuilt_topology_supersedes_what_the_one_before_published(subscribed: FakeStripe) -> None:
    stream = Stream(now=instant(subscribed))
    stream.feed(stripe_records(subscribed.events, catalogue_of(subscribed)))
    [known] = stream.revenue.values()
    rebuilt = ClientStage(Policies(), lambda: START, epoch=2).compute(stream.activity, {})
    clients = [value for topic, _, value, _ in rebuilt.outputs if topic == REVENUE_CLIENTS.name]
    revisions = [decode(value or b"", ClientRecord).revision for value in clients]
    assert revisions
    assert min(revisions) > known.revision
