"""What each operation tells, and what it says was different before."""

from collections import Counter

import orjson
import pytest

from libs.fake_stripe import FakeStripe, changes
from libs.fake_stripe.differences import before_change, previous_attributes
from libs.fake_stripe.history import HistorySpec, play
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.settings import STATE_EVENTS, AccountSettings
from libs.fake_stripe.specs import CancellationSpec, CouponSpec
from tests.fake_stripe.merchant import Shop


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param({"a": 1, "b": 2}, {"a": 1, "b": 3}, {"b": 2}, id="only what changed"),
        pytest.param({"h": {"x": 1, "y": 2}}, {"h": {"x": 1, "y": 3}}, {"h": {"y": 2}}, id="hash narrowed"),
        pytest.param({"l": [1, 2]}, {"l": [1, 3]}, {"l": [1, 2]}, id="array whole"),
        pytest.param({"m": {}}, {"m": {"k": "v"}}, {"m": {"k": None}}, id="a new key was null"),
        pytest.param({"m": {"k": "v"}}, {"m": {}}, {"m": {"k": "v"}}, id="a lost key"),
        pytest.param({"h": {"x": 1}}, {"h": None}, {"h": {"x": 1}}, id="a hash that went"),
        pytest.param({"h": None}, {"h": {"x": 1}}, {"h": None}, id="a hash that came"),
    ],
)
def test_previous_attributes_have_stripes_form(before: Json, after: Json, expected: Json) -> None:
    assert previous_attributes(before, after) == expected


def test_a_price_swap_shows_the_old_items_whole() -> None:
    shop = Shop()
    made = shop.subscribe(shop.price("1000"), quantity=3)
    dearer = shop.price("2500")
    shop.engine.update_subscription(made["id"], changes.SwapPrice(made["items"]["data"][0]["id"], dearer))
    event = shop.last("customer.subscription.updated")
    assert event["data"]["previous_attributes"] == {"items": {"data": made["items"]["data"]}}
    assert event["data"]["object"]["items"]["data"][0]["price"]["id"] == dearer
    assert event["data"]["object"]["items"]["data"][0]["quantity"] == 3


def test_several_changes_in_one_call_make_one_event() -> None:
    shop = Shop()
    made = shop.subscribe()
    before = len(shop.fake.events)
    item = made["items"]["data"][0]["id"]
    shop.engine.update_subscription(
        made["id"], changes.SetQuantity(item, 4), changes.SetMetadata("seat", "yes"), proration="none"
    )
    assert shop.types_since(before) == ["customer.subscription.updated"]


def test_a_call_that_changes_nothing_tells_nothing() -> None:
    shop = Shop()
    made = shop.subscribe()
    before = len(shop.fake.events)
    shop.engine.update_subscription(made["id"], changes.SetQuantity(made["items"]["data"][0]["id"], 1))
    assert shop.types_since(before) == []


def test_an_event_never_changes_afterwards() -> None:
    shop = Shop()
    made = shop.subscribe()
    first = orjson.dumps(shop.last("customer.subscription.created"))
    shop.engine.cancel_subscription(made["id"])
    shop.pass_days(40)
    assert orjson.dumps(shop.last("customer.subscription.created")) == first


def test_a_cancellation_carries_its_reason() -> None:
    shop = Shop()
    made = shop.subscribe()
    shop.engine.cancel_subscription(made["id"], CancellationSpec(feedback="too_expensive", comment="Bye"))
    ended = shop.last("customer.subscription.deleted")["data"]["object"]
    assert ended["status"] == "canceled"
    assert ended["ended_at"] == ended["canceled_at"] == shop.fake.clock.now
    assert ended["cancellation_details"]["feedback"] == "too_expensive"


def test_a_list_inside_an_event_is_cut_after_the_tenth() -> None:
    shop = Shop()
    shop.subscribe(*[shop.price(str(100 + n)) for n in range(12)])
    items = shop.last("customer.subscription.created")["data"]["object"]["items"]
    assert len(items["data"]) == 10
    assert items["has_more"] is True


def test_a_change_beyond_the_tenth_item_is_told_though_it_cannot_be_seen() -> None:
    shop = Shop()
    made = shop.subscribe(*[shop.price(str(100 + n)) for n in range(12)])
    last = made["items"]["data"][-1]["id"]
    shop.engine.update_subscription(made["id"], changes.SetQuantity(last, 9), proration="none")
    event = shop.last("customer.subscription.updated")
    assert event["data"]["previous_attributes"] == {"items": {"data": made["items"]["data"][:10]}}
    assert shop.subscription(made["id"])["items"]["data"][-1]["quantity"] == 9


def test_a_removed_discount_is_told_twice() -> None:
    shop = Shop()
    coupon = shop.engine.create_coupon(CouponSpec(percent_off=10.0))["id"]
    made = shop.subscribe(coupons=(coupon,))
    shop.engine.update_subscription(made["id"], changes.RemoveDiscount(made["discounts"][0]))
    assert shop.last("customer.subscription.updated")["data"]["previous_attributes"] == {"discounts": made["discounts"]}
    assert shop.last("customer.discount.deleted")["data"]["object"]["id"] == made["discounts"][0]


def test_the_last_event_of_an_object_is_the_object() -> None:
    fake = FakeStripe(seed=5)
    play(fake.engine, HistorySpec(seed=5, customers=25, months=5))
    last = {
        event["data"]["object"]["id"]: event["data"]["object"]
        for event in fake.events
        if event["type"].startswith("customer.subscription.")
    }
    for subscription in fake.objects("subscription"):
        told = last[subscription["id"]]
        subscription["items"]["data"] = subscription["items"]["data"][:10]
        subscription["items"]["has_more"] = told["items"]["has_more"]
        assert told == subscription


@pytest.mark.parametrize("seed", range(3))
def test_each_update_starts_where_the_event_before_it_ended(seed: int) -> None:
    fake = FakeStripe(seed=seed)
    play(fake.engine, HistorySpec(seed=seed, customers=25, months=5))
    told: dict[str, Json] = {}
    for event in fake.events:
        about, previous = event["data"]["object"], event["data"].get("previous_attributes")
        if previous is not None:
            assert before_change(about, previous) == told[about["id"]]
        told[about["id"]] = about


def test_two_updates_in_one_second_never_lead_back_to_where_they_started() -> None:
    fake = FakeStripe(seed=6)
    play(fake.engine, HistorySpec(seed=6, customers=60, months=6))
    quantities = Counter(
        (event["data"]["object"]["id"], event["created"])
        for event in fake.events
        if event["type"] == "customer.subscription.updated"
    )
    assert max(quantities.values()) > 1
    states = {
        (event["data"]["object"]["id"], event["created"], orjson.dumps(event["data"]["object"]))
        for event in fake.events
        if event["type"] == "customer.subscription.updated"
    }
    assert len(states) == quantities.total()


def test_the_same_seed_plays_the_same_bytes() -> None:
    first, second, other = FakeStripe(seed=3), FakeStripe(seed=3), FakeStripe(seed=4)
    for fake in (first, second, other):
        play(fake.engine, HistorySpec(seed=fake.seed, customers=8, months=2))
    assert orjson.dumps(list(first.events)) == orjson.dumps(list(second.events))
    assert orjson.dumps(list(first.events)) != orjson.dumps(list(other.events))


def test_a_history_ends_on_the_asked_number_of_events() -> None:
    fake = FakeStripe(settings=AccountSettings(event_types=STATE_EVENTS))
    play(fake.engine, HistorySpec(customers=40, events=600))
    assert len(fake.events) == 600
    assert len({event["id"] for event in fake.events}) == 600


def test_too_few_events_for_the_customers_are_refused() -> None:
    with pytest.raises(ValueError, match="too few for 40 customers"):
        play(FakeStripe().engine, HistorySpec(customers=40, events=300))
