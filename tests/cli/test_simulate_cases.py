"""Tricky lives of one customer, each written down by hand: what `simulate` says moved, and what is left."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from libs.cli.main import revstream
from tests.cli.stripe_json import DAY, NOW, Json, coupon, customer, event, item, price, subscription

Moved = list[tuple[str, str]]
Case = tuple[Json, Moved, str]


def ago(days: float) -> int:
    return int(NOW - days * DAY)


def begun(of: Json, days: float) -> Json:
    return event("customer.subscription.created", of, ago(days))


def updated(of: Json, days: float, mark: str = "", **before: Any) -> Json:
    told = event("customer.subscription.updated", of, ago(days))
    return {**told, "id": told["id"] + mark, "data": {"object": of, "previous_attributes": before}}


def ended(of: Json, days: float, **more: Any) -> Json:
    return event(
        "customer.subscription.deleted", {**of, "status": "canceled", "ended_at": ago(days), **more}, ago(days)
    )


def lines(*of: Json) -> Json:
    return {"object": "list", "data": list(of)}


def told(*events: Json, total: str, moved: Moved, **scenario: Any) -> Case:
    return {"events": list(events), **scenario}, moved, total


def discounted(by: Json, end: int | None = None) -> list[Json]:
    return [{"id": "di_1", "object": "discount", "coupon": by, "start": ago(60), "end": end}]


ONE, OTHER = subscription(), subscription(id="sub_2")
NEW, CHURN, BACK = ("new", "10.00"), ("churn", "-10.00"), ("reactivation", "10.00")
TRIAL = subscription(status="trialing", trial_start=ago(10), trial_end=ago(3))
LATE, UNPAID = subscription(status="past_due"), subscription(status="unpaid")
LEAVING = subscription(cancel_at_period_end=True, cancel_at=NOW + 5 * DAY, canceled_at=ago(2))
EURO = subscription(item(price(1000, currency="eur")), id="sub_2", currency="eur")
EUROS = subscription(item(price(1000, currency="eur"), 2), id="sub_2", currency="eur")
RATES = {"base_currency": "usd", "fx": {"eur": {"2025-01-01": "1.10", "2025-01-10": "1.20"}}}
FIVE, DEARER = item(price(1000), 5), item(price(2000, id="price_2"), 5)
FEWER = item(price(2000, id="price_2"), 3)


def paused(behavior: str, resumes_at: int | None = None) -> Json:
    return subscription(pause_collection={"behavior": behavior, "resumes_at": resumes_at})


CASES: dict[str, Case] = {
    "a dearer plan and fewer seats in one second are one change": told(
        begun(subscription(FIVE), 5),
        updated(subscription(DEARER), 2, items=lines(FIVE)),
        updated(subscription(FEWER), 2, "b", items=lines(DEARER)),
        moved=[("new", "50.00"), ("expansion", "10.00")],
        total="60.00",
    ),
    "two updates of one second stand in the order of their chain": told(
        begun(ONE, 5),
        updated(subscription(item(quantity=5)), 2, "b", items=lines(item(quantity=3))),
        updated(subscription(item(quantity=3)), 2, "a", items=lines(item(quantity=1))),
        moved=[NEW, ("expansion", "40.00")],
        total="50.00",
    ),
    "created and paid in one second": told(
        updated(ONE, 5, status="incomplete"),
        begun(subscription(status="incomplete"), 5),
        moved=[NEW],
        total="10.00",
    ),
    "past due, unpaid, recovered": told(
        begun(ONE, 30), updated(LATE, 20, status="active"), updated(UNPAID, 10, status="past_due"),
        updated(ONE, 2, status="unpaid"), moved=[NEW, CHURN, BACK], total="10.00",
    ),
    "past due for too long, recovered": told(
        begun(ONE, 40), updated(LATE, 35, status="active"), updated(ONE, 2, status="past_due"),
        moved=[NEW, CHURN, BACK], total="10.00", policy={"preset": "baremetrics"},
    ),
    "a cancellation that counts at its request, withdrawn": told(
        begun(ONE, 3), updated(LEAVING, 2, cancel_at_period_end=False), updated(ONE, 1, cancel_at_period_end=True),
        moved=[NEW, CHURN, BACK], total="10.00", policy={"preset": "stripe"},
    ),
    "a cancellation that counts at the end": told(
        begun(ONE, 3), updated(LEAVING, 2, cancel_at_period_end=False), moved=[NEW], total="10.00",
    ),
    "a pause that ends by the clock": told(
        begun(ONE, 3), updated(paused("void", ago(1)), 2, pause_collection=None),
        moved=[NEW, CHURN, BACK], total="10.00",
    ),
    "a pause within which it ends": told(
        begun(ONE, 9), updated(paused("void", NOW + DAY), 5, pause_collection=None), ended(ONE, 2),
        moved=[NEW, CHURN], total="0.00",
    ),
    "drafts are kept": told(
        begun(ONE, 3), updated(paused("keep_as_draft"), 2, pause_collection=None), moved=[NEW], total="10.00",
    ),
    "a trial that is moved and converts": told(
        begun(TRIAL, 10), updated({**TRIAL, "trial_end": ago(2)}, 5, trial_end=ago(3)),
        updated({**TRIAL, "trial_end": ago(2), "status": "active"}, 2, status="trialing"),
        moved=[NEW], total="10.00",
    ),
    "a trial that nobody pays is never new": told(
        begun(TRIAL, 10), updated({**TRIAL, "status": "unpaid"}, 3, status="trialing"), moved=[], total="0.00",
    ),
    "a trial that ends and another subscription later": told(
        begun(TRIAL, 10), ended(TRIAL, 3), begun(OTHER, 1), moved=[NEW], total="10.00",
    ),
    "back within the grouping window": told(
        begun(ONE, 20), ended(ONE, 2), begun(OTHER, 2 - 30 / 1440),
        moved=[NEW], total="10.00", policy={"movement_grouping_minutes": 60},
    ),
    "back after the grouping window": told(
        begun(ONE, 20), ended(ONE, 2), begun(OTHER, 2 - 90 / 1440),
        moved=[NEW, CHURN, BACK], total="10.00", policy={"movement_grouping_minutes": 60},
    ),
    "back too late to be a reactivation": told(
        begun(ONE, 200), ended(ONE, 150), begun(OTHER, 2),
        moved=[NEW, CHURN, NEW], total="10.00", policy={"reactivation_window_days": 90},
    ),
    "back on the last day": told(
        begun(ONE, 200), ended(ONE, 100), begun(OTHER, 10),
        moved=[NEW, CHURN, BACK], total="10.00", policy={"reactivation_window_days": 90},
    ),
    "free at first, by a coupon that ends": told(
        begun(subscription(discounts=discounted(coupon(percent_off=100, duration="repeating"), ago(2))), 10),
        moved=[NEW], total="10.00",
    ),
    "the customer's discount ends by the clock": told(
        event("customer.created", customer(discount=discounted(coupon(duration="repeating"), ago(2))[0]), ago(10)),
        begun(ONE, 10), moved=[("new", "5.00"), ("expansion", "5.00")], total="10.00",
    ),
    "quantity 0, then some again": told(
        begun(ONE, 3), updated(subscription(item(quantity=0)), 2, items=lines(item())),
        updated(ONE, 1, items=lines(item(quantity=0))), moved=[NEW, CHURN, BACK], total="10.00",
    ),
    "the customer is deleted": told(
        event("customer.created", customer(), ago(5)), begun(ONE, 5), event("customer.deleted", customer(), ago(1)),
        moved=[NEW, CHURN], total="0.00",
    ),
    "it ended before anybody said so": told(
        begun(ONE, 10), ended(ONE, 2, ended_at=ago(3)), moved=[NEW, CHURN], total="0.00",
    ),
    "another currency takes the place of the first": told(
        begun(ONE, 5), ended(ONE, 2), begun(EURO, 2), moved=[NEW, ("expansion", "2.00")], total="12.00", policy=RATES,
    ),
    "a rate that changes": told(
        begun(EURO, 10), updated(EUROS, 2, items=lines(EURO["items"]["data"][0])),
        moved=[("new", "11.00"), ("fx", "1.00"), ("expansion", "12.00")], total="24.00", policy=RATES,
    ),
    "half of what was locked goes at its own worth": told(
        begun(EUROS, 10), updated(EURO, 2, items=lines(EUROS["items"]["data"][0])),
        moved=[("new", "22.00"), ("contraction", "-11.00")], total="11.00", policy={**RATES, "fx_mode": "lock"},
    ),
    "a rate that comes later": told(
        begun(EURO, 20), moved=[("new", "10.00"), ("fx", "-10.00"), ("fx", "11.00"), ("fx", "1.00")], total="12.00",
        policy=RATES,
    ),
    "three decimals in a base of two": told(
        begun(subscription(item(price(1000, currency="kwd")), currency="kwd"), 3),
        moved=[("new", "3.25")], total="3.25", policy={"base_currency": "usd", "fx": {"kwd": "3.25"}},
    ),
    "refunds are no movement": told(
        begun(ONE, 4),
        event("charge.refunded", {"id": "ch_1", "object": "charge", "customer": "cus_1", "currency": "usd",
                                  "amount": 1000, "amount_refunded": 1000}, ago(1)),
        moved=[NEW], total="10.00",
    ),
}  # fmt: skip


def line(scenario: Json) -> str:
    policy = {"late_window_days": None, **scenario.get("policy", {})}
    return json.dumps({"as_of": NOW, **scenario, "policy": policy})


@pytest.fixture(scope="module")
def answers() -> dict[str, Json]:
    """All answers at once, by the name of the life: most of a run is its start."""
    given = "\n".join(line(scenario) for scenario, _, _ in CASES.values())
    result = CliRunner().invoke(revstream(["simulate"]), ["simulate", "-", "--json"], input=given)
    return dict(zip(CASES, map(json.loads, result.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("life", CASES)
def test_lives(answers: dict[str, Json], life: str) -> None:
    _, moved, total = CASES[life]
    answer = answers[life]
    assert [(one["kind"], one["amount"]) for one in answer["movements"]] == moved
    assert answer["mrr_total"]["amount"] == total
