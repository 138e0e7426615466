"""What prices and coupons cost is learned once and completes every record after that."""

from datetime import UTC, datetime

import orjson
import pytest

from libs.wire.stripe_event import Catalogue, Kind, Origin, complete, snapshot_record
from tests.wire.stripe_objects import Json, coupon, discount, item, listed, price, recorded, subscription

TIERS = [{"up_to": 10, "unit_amount": 5}, {"up_to": None, "unit_amount": 4}]
TIERED = price(id="price_t", billing_scheme="tiered", tiers_mode="volume", unit_amount=None, unit_amount_decimal=None)
WITH_TIERS = {**TIERED, "tiers": TIERS}
INLINE = discount(source={"type": "coupon", "coupon": coupon()})


def learned(*items: Json, whole: bool = False) -> Catalogue:
    catalogue = Catalogue()
    for each in items:
        catalogue.learn(each, whole)
    return catalogue


def test_tiers_are_filled_in() -> None:
    about = subscription(items=listed(item(price=TIERED)))
    assert complete(about, learned(WITH_TIERS)).object == subscription(items=listed(item(price=WITH_TIERS)))
    assert complete(about, Catalogue()).incomplete == ("tiers:price_t",)


def test_tiers_of_a_plan_are_known_from_the_price_of_the_same_id() -> None:
    plan = {"id": "price_t", "object": "plan", "tiers_mode": "volume", "currency": "usd", "interval": "month"}
    done = complete(subscription(items=listed(item(price=None, plan=plan))), learned(WITH_TIERS))
    assert done.object == subscription(items=listed(item(price=None, plan={**plan, "tiers": TIERS})))
    assert complete(subscription(items=None, plan=plan), learned(WITH_TIERS)).incomplete == ()


@pytest.mark.parametrize(
    "held",
    [
        {"discounts": ["di_1"]},
        {"discounts": [discount()]},
        {"discounts": [INLINE]},
        {"discount": discount(source=None, coupon=coupon())},
        {"items": listed(item(discounts=["di_1"]))},
        {"discounts": ["di_1"], "discount": discount(source=None, coupon=coupon())},
    ],
    ids=["id", "source", "inline", "singular", "item", "id beside singular"],
)
def test_the_terms_of_a_coupon_are_filled_in_whatever_is_left_of_it(held: Json) -> None:
    catalogue = learned(INLINE, coupon(applies_to={"products": ["prod_1"]}))
    done = complete(subscription(**held), catalogue)
    text = orjson.dumps(done.object)
    assert b'"percent_off":50.0' in text
    assert b'"applies_to":{"products":["prod_1"]}' in text
    assert (done.incomplete, done.unverified) == ((), ())


@pytest.mark.parametrize(
    ("held", "incomplete", "unverified"),
    [
        ({"discounts": ["di_1"]}, ("discount:di_1",), ()),
        ({"discounts": [discount()]}, ("coupon:HALF",), ()),
        ({"discounts": [INLINE]}, (), ("coupon:HALF",)),
        ({"items": listed(item(), has_more=True)}, ("items",), ()),
        ({"items": None}, ("items",), ()),
        ({"currency": "eur"}, ("currency:price_1",), ()),
    ],
    ids=["discount", "coupon", "products of a coupon", "items", "no items", "currency"],
)
def test_what_the_catalogue_lacks_is_named(
    held: Json, incomplete: tuple[str, ...], unverified: tuple[str, ...]
) -> None:
    done = complete(subscription(**held), Catalogue())
    assert (done.incomplete, done.unverified) == (incomplete, unverified)


def test_a_coupon_seen_whole_applies_to_all_products_when_it_names_none() -> None:
    assert complete(subscription(discounts=[INLINE]), learned(coupon(), whole=True)).unverified == ()


def test_another_currency_of_a_price_is_filled_in() -> None:
    options = {"eur": {"unit_amount": 950, "unit_amount_decimal": "950"}}
    catalogue = learned(price(currency_options=options))
    done = complete(subscription(currency="eur"), catalogue)
    assert done.object == subscription(currency="eur", items=listed(item(price=price(currency_options=options))))


def test_a_customers_discount_is_completed() -> None:
    done = complete({"id": "cus_1", "object": "customer", "discount": discount()}, learned(coupon(), whole=True))
    assert b'"percent_off":50.0' in orjson.dumps(done.object)
    assert done.incomplete == ()


def test_other_objects_come_back_as_they_are() -> None:
    about = recorded("charge_failed")
    assert complete(about, Catalogue()).object == about


def test_learning_tells_what_is_new_and_only_that() -> None:
    catalogue = Catalogue()
    about = subscription(items=listed(item(price=WITH_TIERS, discounts=[discount(id="di_2")])), discounts=[INLINE])
    entries = catalogue.learn(about)
    assert {(entry.kind, entry.id) for entry in entries} == {
        (Kind.PRICE, "price_t"),
        (Kind.COUPON, "HALF"),
        (Kind.DISCOUNT, "di_1"),
        (Kind.DISCOUNT, "di_2"),
    }
    assert catalogue.learn(about) == ()
    assert [entry.id for entry in catalogue.learn(coupon(), whole=True)] == ["HALF"]
    assert catalogue.learn(coupon(), whole=True) == ()


def test_a_poorer_look_at_a_coupon_takes_nothing_away() -> None:
    catalogue = learned(coupon(applies_to={"products": ["prod_1"]}))
    catalogue.learn(coupon())
    catalogue.learn(discount(source={"type": "coupon", "coupon": {"id": "HALF", "object": "coupon"}}))
    assert catalogue.coupons["HALF"]["applies_to"] == {"products": ["prod_1"]}


def test_a_catalogue_restored_from_its_entries_completes_alike() -> None:
    first, second = Catalogue(), Catalogue()
    about = subscription(items=listed(item(price=WITH_TIERS)), discounts=[INLINE])
    for entry in first.learn(about):
        second.restore(entry)
    assert second == first


def test_nothing_personal_is_learned() -> None:
    catalogue = learned(INLINE, {**WITH_TIERS, "nickname": "for Jane"}, recorded("subscription_2022"))
    assert b"Jane" not in orjson.dumps([catalogue.prices, catalogue.coupons, catalogue.discounts])


def test_a_record_says_what_it_lacks() -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    about = subscription(items=listed(item(price=TIERED)), discounts=[INLINE])
    record = snapshot_record(about, now, Origin("prj_1", "acct_1"), Catalogue())
    assert record.incomplete == ("tiers:price_t", "coupon:HALF")
