"""Older API versions show the same facts in their own words."""

import pytest

from libs.fake_stripe import FakeStripe, changes
from libs.fake_stripe.history import HistorySpec, play
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.rendering import Renderer
from libs.fake_stripe.settings import CURRENT_VERSION
from libs.fake_stripe.specs import CouponSpec, TierSpec
from tests.fake_stripe.merchant import Shop

VERSIONS = ("2018-05-21", "2020-08-27", "2022-11-15", "2025-03-31.basil", "2025-09-30.clover", CURRENT_VERSION)
OLD, Y2020, Y2022, BASIL, CLOVER, ENDIVE = VERSIONS


@pytest.fixture(scope="module")
def lived() -> FakeStripe:
    fake = FakeStripe(seed=2)
    play(fake.engine, HistorySpec(seed=2, customers=20, months=4))
    return fake


@pytest.mark.parametrize("version", VERSIONS)
def test_every_event_of_a_history_renders_in_every_version(lived: FakeStripe, version: str) -> None:
    renderer = Renderer(lived.world.store, version)
    for event in lived.events:
        shown = renderer.event(event)
        assert shown["api_version"] == version
        assert shown["data"]["object"]["id"] == event["data"]["object"]["id"]
        assert shown["data"].get("previous_attributes", True)


def test_todays_version_is_the_event_itself(lived: FakeStripe) -> None:
    renderer = Renderer(lived.world.store, CURRENT_VERSION)
    assert [renderer.event(event) for event in lived.events] == list(lived.events)


def _discounted(version: str) -> Json:
    shop = Shop()
    coupon = shop.engine.create_coupon(CouponSpec(percent_off=25.0))["id"]
    shop.subscribe(quantity=3, coupons=(coupon,))
    renderer = Renderer(shop.fake.world.store, version)
    shown: Json = renderer.event(shop.last("customer.subscription.created"))["data"]["object"]
    return shown


@pytest.mark.parametrize("version", [OLD, Y2020, Y2022])
def test_a_discount_is_singular_and_carries_its_coupon_before_basil(version: str) -> None:
    shown = _discounted(version)
    assert shown["discount"]["coupon"]["percent_off"] == 25.0
    assert "source" not in shown["discount"]
    assert shown["current_period_end"] > shown["current_period_start"]
    assert "current_period_end" not in shown["items"]["data"][0]


@pytest.mark.parametrize("version", [BASIL, CLOVER, ENDIVE])
def test_discounts_are_ids_and_periods_are_the_items_since_basil(version: str) -> None:
    shown = _discounted(version)
    assert shown["discounts"][0].startswith("di_")
    assert "discount" not in shown
    assert "current_period_end" not in shown
    assert "current_period_end" in shown["items"]["data"][0]


def test_2018_knows_plans_only() -> None:
    shown = _discounted(OLD)
    assert shown["plan"]["amount"] == 1000
    assert shown["quantity"] == 3
    assert shown["billing"] == "charge_automatically"
    assert "price" not in shown["items"]["data"][0]
    assert "collection_method" not in shown


def test_2018_shows_the_tiers_of_a_plan() -> None:
    shop = Shop()
    tiers = (TierSpec(up_to=5, unit="100"), TierSpec(up_to=None, unit="50.5"))
    shop.subscribe(shop.price(unit=None, tiers=tiers))
    created = shop.last("customer.subscription.created")
    shown = Renderer(shop.fake.world.store, OLD).event(created)["data"]["object"]
    assert [tier["up_to"] for tier in shown["plan"]["tiers"]] == [5, None]
    assert "tiers" not in created["data"]["object"]["items"]["data"][0]["price"]


@pytest.mark.parametrize(("version", "inline"), [(BASIL, True), (CLOVER, False), (ENDIVE, False)])
def test_a_discount_event_names_its_coupon_by_source_since_clover(version: str, inline: bool) -> None:
    shop = Shop()
    coupon = shop.engine.create_coupon(CouponSpec(percent_off=25.0))["id"]
    shop.engine.discount_customer(shop.customer, coupon)
    shop.engine.delete_coupon(coupon)
    shown = Renderer(shop.fake.world.store, version).event(shop.last("customer.discount.created"))
    discount = shown["data"]["object"]
    assert (discount["coupon"]["id"] if inline else discount["source"]["coupon"]) == coupon


def test_previous_attributes_are_told_in_the_versions_own_shape() -> None:
    shop = Shop()
    made = shop.subscribe()
    swap = changes.SwapPrice(made["items"]["data"][0]["id"], shop.price("2500"))
    shop.engine.update_subscription(made["id"], swap)
    event = Renderer(shop.fake.world.store, OLD).event(shop.last("customer.subscription.updated"))
    previous = event["data"]["previous_attributes"]
    assert previous["plan"]["amount"] == 1000
    assert previous["items"]["data"][0]["plan"]["amount"] == 1000
    shop.pass_days(40)
    renewed = Renderer(shop.fake.world.store, Y2022).event(shop.last("customer.subscription.updated"))
    assert "current_period_end" in renewed["data"]["previous_attributes"]
    assert "items" not in renewed["data"]["previous_attributes"]


def test_an_old_invoice_names_its_subscription_at_the_top() -> None:
    shop = Shop()
    made = shop.subscribe()
    shown = Renderer(shop.fake.world.store, Y2022).event(shop.last("invoice.paid"))["data"]["object"]
    assert shown["subscription"] == made["id"]
    assert shown["lines"]["data"][0]["price"]["unit_amount"] == 1000
    assert shown["paid"] is True
