"""Scenarios that make no sense: the exit code, and the path to the fault."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from libs.cli.files import wall_clock
from libs.cli.located import ScenarioError
from libs.cli.main import revstream
from libs.cli.scenario import read_scenario
from libs.cli.simulation import simulate
from tests.cli.stripe_json import DAY, NOW, Json, coupon, customer, event, item, price, subscription

OLD_DISCOUNT = {"id": "di_1", "object": "discount", "coupon": coupon(), "end": None}
NEW_DISCOUNT = {"id": "di_1", "object": "discount", "source": {"type": "coupon", "coupon": "SAVE"}, "end": None}


def with_item(**of: Any) -> Json:
    return {"subscriptions": [subscription(item(**of))]}


@pytest.mark.parametrize(
    ("scenario", "path"),
    [
        ("nope", ""),
        ("[]", ""),
        ({"as_of": "tomorrow"}, "as_of"),
        ({"as_of": True}, "as_of"),
        ({"as_of": -1}, "as_of"),
        ({"policy": {"include_trails": True}}, "policy.include_trails"),
        ({"policy": {"week_factor": "x"}}, "policy.week_factor"),
        ({"policy": {"subtract_discounts": {"twice": True}}}, "policy.subtract_discounts.twice"),
        ({"policy": "quickbooks"}, "policy.preset"),
        ({"policy": [1]}, "policy"),
        ({"subscriptions": {}}, "subscriptions"),
        ({"subscriptions": [1]}, "subscriptions[0]"),
        ({"subscriptions": [subscription(customer=5)]}, "subscriptions[0].customer"),
        ({"subscriptions": [subscription(customer=None)]}, "subscriptions[0].customer"),
        ({"subscriptions": [subscription(status="on")]}, "subscriptions[0].status"),
        ({"subscriptions": [subscription(status=None)]}, "subscriptions[0].status"),
        ({"subscriptions": [subscription(id=None)]}, "subscriptions[0].id"),
        ({"subscriptions": [subscription(object="customer")]}, "subscriptions[0].object"),
        ({"subscriptions": [subscription(currency="zzz")]}, "subscriptions[0].currency"),
        ({"subscriptions": [subscription(cancel_at="soon")]}, "subscriptions[0].cancel_at"),
        (with_item(quantity=-1), "subscriptions[0].items.data[0].quantity"),
        (with_item(quantity=1.5), "subscriptions[0].items.data[0].quantity"),
        (with_item(quantity="two"), "subscriptions[0].items.data[0].quantity"),
        (with_item(of=price(currency="zzz")), "subscriptions[0].items.data[0].price.currency"),
        (with_item(of=price(-5)), "subscriptions[0].items.data[0].price.unit_amount"),
        (with_item(of=price(interval="decade")), "subscriptions[0].items.data[0].price.recurring.interval"),
        (with_item(of={"id": 1}), "subscriptions[0].items.data[0].price.id"),
        ({"subscriptions": [subscription(discounts=[{**OLD_DISCOUNT, "coupon": coupon(percent_off=150)}])]},
         "subscriptions[0].discounts[0].coupon.percent_off"),
        ({"events": [{"id": "e", "type": "customer.subscription.updated", "data": {"object": {}}}]},
         "events[0].created"),
        ({"events": [event("customer.subscription.updated", subscription(customer=None))]},
         "events[0].data.object.customer"),
        ({"events": [event("customer.subscription.updated", subscription(item(quantity=-1)))]},
         "events[0].data.object.items.data[0].quantity"),
        ({"events": [{"id": "e", "created": 5, "data": {"object": {}}}]}, "events[0].type"),
        ({"events": [{"id": "e", "type": "x", "created": 5}]}, "events[0].data"),
        ({"customers": [{"object": "customer"}]}, "customers[0].id"),
        ({"coupons": [coupon(duration="sometimes")]}, "coupons[0].duration"),
        ({"coupons": [coupon(duration=None)]}, "coupons[0].duration"),
        ({"coupons": [coupon(percent_off=101)]}, "coupons[0].percent_off"),
        ({"coupons": [coupon(percent_off=None, amount_off=2**70, currency="usd")]}, "coupons[0]"),
        ({"coupons": [coupon(percent_off=None, amount_off=5, currency="zzz")]}, "coupons[0].currency"),
        ({"prices": [price(interval="decade")]}, "prices[0].recurring.interval"),
        ({"invoices": [{"id": "in_1"}]}, "invoices[0]"),
        ({"clients": [{"client": 1}]}, "clients[0].client"),
        ({"clients": [{"client": "a", "domains": "a.com"}]}, "clients[0].domains"),
        ({"clients": [{"client": "a"}, {"client": "a"}]}, "clients[1].client"),
        ({"period": {"from": "2025-03-01", "to": "2025-02-01"}}, "period"),
        ({"period": {"from": "March"}}, "period.from"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)  # fmt: skip
def test_what_makes_no_sense_exits_2_and_says_where(scenario: Json | str, path: str) -> None:
    text = scenario if isinstance(scenario, str) else json.dumps(scenario)
    result = CliRunner().invoke(revstream(["simulate"]), ["simulate", "-", "--json"], input=text)
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["path"] == path
    assert path in result.stderr


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
TIERED = price(None, billing_scheme="tiered", tiers_mode="graduated")
TIERS = [{"up_to": 5, "unit_amount": 700, "flat_amount": None}, {"up_to": None, "unit_amount": 500, "flat_amount": 100}]
WHOLE = {
    "as_of": NOW,
    "policy": {"fx": {"eur": "1.1"}, "base_currency": "usd"},
    "clients": [{"client": "acme", "domains": ["acme.com"], "stakeholder_emails": ["a@acme.com"]}],
    "customers": [customer(discount=OLD_DISCOUNT)],
    "subscriptions": [subscription(item(TIERED, 7, discounts=[NEW_DISCOUNT]))],
    "prices": [{**TIERED, "tiers": TIERS}],
    "coupons": [coupon()],
    "discounts": [NEW_DISCOUNT],
    "events": [
        event("customer.subscription.created", subscription(), NOW - 3 * DAY),
        event("customer.subscription.deleted", subscription(status="canceled", ended_at=NOW - DAY), NOW - DAY),
    ],
    "period": {"from": "2025-01-01", "to": "2025-01-31"},
}


def places(value: object, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, each in inside for place in places(each, (*at, key)))]


@given(st.sampled_from(places(WHOLE)[1:]), values)
def test_any_value_anywhere_is_answered_or_pointed_at(place: tuple[str | int, ...], value: object) -> None:
    scenario = json.loads(json.dumps(WHOLE))
    holder: Any = scenario
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    with suppress(ScenarioError):
        json.dumps(simulate(read_scenario(scenario, wall_clock)))
