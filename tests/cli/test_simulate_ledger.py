"""`revstream simulate`: movements, the bridge of a period and metrics."""

import json
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import CliRunner

from libs.cli.main import revstream
from tests.cli.stripe_json import DAY, NOW, Json, customer, event, item, price, subscription


def answer(**scenario: Any) -> Json:
    line = json.dumps({"as_of": NOW, **scenario})
    result = CliRunner().invoke(revstream(["simulate"]), ["simulate", "-", "--json"], input=line)
    assert result.exit_code == 0, result.stderr
    read: Json = json.loads(result.stdout)
    return read


def moved(told: Json, *fields: str) -> list[tuple[Any, ...]]:
    return [tuple(movement[name] for name in fields or ("kind", "amount", "date")) for movement in told["movements"]]


def updated(of: Json, days_ago: int, **more: Any) -> Json:
    return event("customer.subscription.updated", of, NOW - days_ago * DAY, **more)


CREATED = event("customer.subscription.created", subscription(), NOW - 20 * DAY)
RAISED = updated(subscription(item(price(3000, id="price_2"))), 10)
LOWERED = updated(subscription(item(price(2000, id="price_3"))), 5)
GONE = subscription(
    status="canceled",
    ended_at=NOW - DAY,
    cancellation_details={"reason": "cancellation_requested", "feedback": "too_expensive"},
)
ENDED = event("customer.subscription.deleted", GONE, NOW - DAY)


def test_a_movement_has_every_part() -> None:
    assert answer(events=[CREATED])["movements"] == [
        {
            "id": f"customer:cus_1/{NOW - 20 * DAY}/usd",
            "client": "customer:cus_1",
            "customer": "cus_1",
            "kind": "new",
            "amount": "10.00",
            "currency": "usd",
            "date": "2024-12-26",
            "occurred_at": "2024-12-26T12:00:00Z",
            "exact": "1000",
            "before": "0.00",
            "after": "10.00",
            "base_amount": None,
            "own_by_currency": {"usd": "10.00"},
            "subscription": "sub_1",
            "reason": "subscription_started",
            "cancellation_reason": None,
            "cancellation_feedback": None,
            "estimated": False,
            "caused_by": [f"evt_customer.subscription.created_{NOW - 20 * DAY}"],
        }
    ]


def test_a_life_from_start_to_end_with_its_reasons() -> None:
    told = answer(events=[ENDED, CREATED, LOWERED, RAISED], policy={"late_window_days": None})
    assert moved(told, "kind", "amount", "date", "reason") == [
        ("new", "10.00", "2024-12-26", "subscription_started"),
        ("expansion", "20.00", "2025-01-05", "plan_change"),
        ("contraction", "-10.00", "2025-01-10", "plan_change"),
        ("churn", "-20.00", "2025-01-14", "cancellation"),
    ]
    last = told["movements"][-1]
    assert (last["cancellation_reason"], last["cancellation_feedback"]) == ("cancellation_requested", "too_expensive")


LATE = updated(subscription(item(price(2000))), 15)


@pytest.mark.parametrize(
    ("late_window_days", "amounts"),
    [(4, ["10.00", "20.00"]), (None, ["10.00", "10.00", "10.00"]), (30, ["10.00", "10.00", "10.00"])],
    ids=["later than the window", "without limit", "within the window"],
)
def test_what_comes_later_than_the_window_never_rewrites_history(
    late_window_days: int | None, amounts: list[str]
) -> None:
    told = answer(events=[CREATED, RAISED, LATE], policy={"late_window_days": late_window_days})
    assert [movement["amount"] for movement in told["movements"]] == amounts
    assert told["mrr_total"]["amount"] == "30.00"


def test_a_late_version_that_is_the_newest_counts_from_when_it_was_learned() -> None:
    other = event("customer.subscription.created", subscription(id="sub_2"), NOW - 2 * DAY)
    told = answer(events=[CREATED, other, LATE])
    assert moved(told) == [("new", "10.00", "2024-12-26"), ("expansion", "20.00", "2025-01-13")]
    assert told["mrr_total"]["amount"] == "30.00"


def test_objects_alone_have_an_estimated_past() -> None:
    gone = subscription(id="sub_2", customer="cus_2", status="canceled", ended_at=NOW - 3 * DAY)
    told = answer(subscriptions=[subscription(), gone])
    assert moved(told, "client", "kind", "date", "estimated") == [
        ("customer:cus_1", "new", "2024-12-16", True),
        ("customer:cus_2", "new", "2024-12-16", True),
        ("customer:cus_2", "churn", "2025-01-12", True),
    ]


def test_an_update_tells_what_was_before_it() -> None:
    raised = subscription(item(quantity=3))
    previous = {"items": {"object": "list", "data": [item(quantity=1)]}}
    first = updated(raised, 5, data={"object": raised, "previous_attributes": previous})
    told = answer(subscriptions=[raised], events=[first])
    assert moved(told, "kind", "amount", "date", "reason", "estimated") == [
        ("new", "10.00", "2024-12-16", "subscription_started", True),
        ("expansion", "20.00", "2025-01-10", "quantity_change", False),
    ]


def test_the_date_is_the_one_of_the_project() -> None:
    created = event("customer.subscription.created", subscription(), NOW - DAY // 2)
    assert answer(events=[created], policy={"timezone": "America/New_York"})["movements"][0]["date"] == "2025-01-14"


def test_a_customer_that_gets_an_address_moves_to_its_client_with_what_it_pays() -> None:
    found = event("customer.updated", customer(email="anna@acme.com"), NOW - 5 * DAY)
    told = answer(
        clients=[{"client": "acme", "domains": ["acme.com"]}],
        events=[event("customer.created", customer(), NOW - 20 * DAY), CREATED, found],
    )
    assert moved(told, "client", "kind", "amount") == [
        ("customer:cus_1", "new", "10.00"),
        ("acme", "transfer", "10.00"),
        ("customer:cus_1", "transfer", "-10.00"),
    ]
    assert told["period_summary"]["new"] == told["period_summary"]["net"] == "10.00"


PARTS = ("new", "expansion", "contraction", "churn", "reactivation", "fx")


def balances(summary: Json) -> bool:
    return Decimal(summary["end"]) == sum((Decimal(summary[part]) for part in PARTS), Decimal(summary["start"]))


def test_the_bridge_of_a_period_adds_up_as_it_is_written() -> None:
    third = subscription(item(price(100, "year", id="price_y")), id="sub_2", customer="cus_2")
    told = answer(
        events=[CREATED, RAISED, LOWERED, event("customer.subscription.created", third, NOW - 8 * DAY)],
        period={"from": "2025-01-01", "to": "2025-01-09"},
    )
    summary = told["period_summary"]
    assert summary == {
        "from": "2025-01-01", "to": "2025-01-09", "currency": "usd", "start": "10.00", "new": "0.08",
        "expansion": "20.00", "contraction": "0.00", "churn": "0.00", "reactivation": "0.00", "fx": "0.00",
        "end": "30.08", "net": "20.08",
    }  # fmt: skip
    assert balances(summary)


EUR = subscription(item(price(1000, currency="eur"), id="si_2"), id="sub_2", currency="eur")
EUR_CREATED = event("customer.subscription.created", EUR, NOW - 20 * DAY)
DATED = {"base_currency": "usd", "fx": {"eur": {"2024-12-20": "1.10", "2025-01-10": "1.20"}}}


@pytest.mark.parametrize(
    ("policy", "movements", "total"),
    [
        ({}, [("new", "10.00", "eur")], ("eur", "10.00")),
        (DATED, [("new", "11.00", "usd"), ("fx", "1.00", "usd")], ("usd", "12.00")),
        ({**DATED, "fx_mode": "lock"}, [("new", "11.00", "usd")], ("usd", "11.00")),
    ],
    ids=["no base", "spot", "locked"],
)
def test_currencies(policy: Json, movements: list[tuple[str, str, str]], total: tuple[str, str]) -> None:
    told = answer(events=[EUR_CREATED], policy=policy)
    assert moved(told, "kind", "amount", "currency") == movements
    assert told["mrr_total"] == {"currency": total[0], "amount": total[1]}
    assert told["mrr_by_client"] == {"customer:cus_1": total[1]}
    assert told["metrics"]["mrr"] == told["mrr_total"]
    assert told["mrr_by_currency"] == {"eur": "10.00"}
    assert balances(told["period_summary"])


def test_without_a_base_the_bridge_is_by_currency_and_rates_are_undefined() -> None:
    told = answer(events=[CREATED, EUR_CREATED], period={"from": "2025-01-01", "to": "2025-01-15"})
    assert set(told["period_summary"]["by_currency"]) == {"eur", "usd"}
    assert told["metrics"]["start"] == {"by_currency": {"eur": "10.00", "usd": "10.00"}}
    assert told["metrics"]["net_revenue_retention"] is None
    assert told["metrics"]["subscriber_churn_rate"] == "0.000000"


def invoice(**more: Any) -> Json:
    return {"id": "in_1", "object": "invoice", "customer": "cus_1", "subscription": "sub_1", "currency": "usd",
            "status": "open", "amount_due": 1000, "amount_paid": 0, "attempt_count": 0, **more}  # fmt: skip


def test_revenue_is_what_was_paid_less_what_was_given_back() -> None:
    paid = event("invoice.paid", invoice(status="paid", amount_paid=1000, attempt_count=3), NOW - 3 * DAY)
    charge = {"id": "ch_1", "object": "charge", "customer": "cus_1", "currency": "usd", "amount": 1000}
    failures = [
        event("invoice.payment_failed", invoice(attempt_count=count), NOW - (6 - count) * DAY) for count in (1, 2, 2)
    ]
    refunds = [
        event("charge.refunded", {**charge, "amount_refunded": total}, NOW - DAY + total) for total in (150, 400)
    ]
    metrics = answer(events=[*failures, paid, *refunds])["metrics"]
    assert metrics["revenue"] == {"currency": "usd", "amount": "6.00"}
    assert metrics["revenue_paid"]["amount"] == "10.00"
    assert metrics["revenue_refunded"]["amount"] == "4.00"
    assert metrics["failed_payments"] == 2


def test_an_invoice_of_a_snapshot_was_paid_when_it_says() -> None:
    old = invoice(status="paid", amount_paid=900, status_transitions={"paid_at": NOW - 90 * DAY})
    new = {**old, "id": "in_2", "amount_paid": 500, "status_transitions": {"paid_at": NOW - DAY}}
    assert answer(invoices=[old, new])["metrics"]["revenue"]["amount"] == "5.00"


@pytest.mark.parametrize("lacks", ["id", "currency", "amount_refunded"])
def test_a_charge_that_says_too_little_is_no_refund(lacks: str) -> None:
    charge = {"id": "ch_1", "object": "charge", "customer": "cus_1", "currency": "usd", "amount_refunded": 5}
    told = answer(events=[event("charge.refunded", {k: v for k, v in charge.items() if k != lacks}, NOW - DAY)])
    assert told["metrics"]["revenue_refunded"] == {"by_currency": {}}


def test_refunds_without_their_charge_count_unless_they_fail() -> None:
    refund = {"object": "refund", "charge": "ch_9", "currency": "usd", "amount": 250, "status": "succeeded"}
    events = [
        event("refund.created", {**refund, "id": "re_1"}, NOW - 3 * DAY),
        event("refund.created", {**refund, "id": "re_2"}, NOW - 3 * DAY + 1),
        event("refund.failed", {**refund, "id": "re_2", "status": "failed"}, NOW - 2 * DAY),
    ]
    assert answer(events=events)["metrics"]["revenue"] == {"currency": "usd", "amount": "-2.50"}
    assert answer(events=events)["metrics"]["revenue_refunded"]["amount"] == "2.50"
