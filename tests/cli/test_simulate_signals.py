"""`revstream simulate`: the churn-risk signals of a scenario."""

import json
import random
from typing import Any

import pytest
from typer.testing import CliRunner

from libs.cli.main import revstream
from tests.cli.stripe_json import DAY, NOW, Json, customer, event, subscription


def answer(exit_code: int = 0, **scenario: Any) -> Json:
    result = CliRunner().invoke(
        revstream(["simulate"]), ["simulate", "-", "--json"], input=json.dumps({"as_of": NOW, **scenario})
    )
    assert result.exit_code == exit_code, result.stderr
    read: Json = json.loads(result.stdout)
    return read


def invoice(days_ago: float, kind: str = "payment_failed", status: str = "open", **more: Any) -> Json:
    plain = {"id": "in_1", "object": "invoice", "customer": "cus_1", "status": status, "currency": "usd",
             "amount_due": 1000, "attempt_count": 1, "subscription": "sub_1"}  # fmt: skip
    return event(f"invoice.{kind}", {**plain, **more}, int(NOW - days_ago * DAY))


def changed(days_ago: float, kind: str = "updated", **more: Any) -> Json:
    return event(f"customer.subscription.{kind}", subscription(**more), int(NOW - days_ago * DAY))


CREATED = changed(25, "created")
FAILED = invoice(2, next_payment_attempt=NOW + DAY)
CHARGE = event("charge.failed", {"id": "ch_1", "object": "charge", "customer": "cus_1", "amount": 1000,
                                 "currency": "usd", "failure_code": "card_declined",
                                 "outcome": {"reason": "stolen_card"}}, NOW - 2 * DAY)  # fmt: skip
DISPUTED = event("charge.dispute.created", {"id": "dp_1", "object": "dispute", "charge": "ch_1", "amount": 1000,
                                            "currency": "usd", "created": NOW - DAY, "status": "needs_response",
                                            "reason": "fraudulent"}, NOW - DAY)  # fmt: skip
LEAVING = changed(1, cancel_at=NOW + 20 * DAY, canceled_at=NOW - DAY,
                  cancellation_details={"reason": "cancellation_requested", "comment": "I am Jane Roe"})  # fmt: skip
GONE = changed(0.5, "deleted", status="canceled", ended_at=NOW - DAY // 2, canceled_at=NOW - DAY)
HISTORY = [CREATED, FAILED, CHARGE, DISPUTED, LEAVING, GONE]


def stands(told: Json) -> dict[str, str]:
    return {one["rule"]: one["resolution"] or one["status"] for one in told["signals"]}


def test_a_signal_has_every_part() -> None:
    [signal] = answer(events=[CREATED, FAILED, CHARGE])["signals"]
    assert signal == {
        "id": signal["id"],
        "project": "local",
        "client": "customer:cus_1",
        "customer": "cus_1",
        "subscription": "sub_1",
        "invoice": "in_1",
        "rule": "payment_failed",
        "severity": "high",
        "status": "open",
        "resolution": None,
        "mrr_at_risk": {"amount": "10.00", "currency": "usd"},
        "amount_due": {"amount": "10.00", "currency": "usd"},
        "attempt": 1,
        "next_attempt_at": "2025-01-16T12:00:00Z",
        "opened_at": "2025-01-13T12:00:00Z",
        "updated_at": "2025-01-13T12:00:00Z",
        "resolved_at": None,
        "evidence": [FAILED["id"], CHARGE["id"]],
        "message": "payment of 10.00 USD failed at attempt 1 (stolen_card, hard: another payment method is needed);"
        " Stripe tries again at 2025-01-16 12:00 UTC",
    }


def test_what_is_canceled_supersedes_what_led_to_it() -> None:
    told = answer(events=HISTORY)
    assert stands(told) == {
        "payment_failed": "superseded",
        "dispute_opened": "open",
        "cancellation_scheduled": "superseded",
        "canceled": "open",
    }
    assert "Jane" not in json.dumps(told)


def test_a_payment_that_succeeds_resolves_it() -> None:
    assert stands(answer(events=[CREATED, FAILED, invoice(1, "paid", "paid")])) == {"payment_failed": "recovered"}


def test_revenue_at_risk_is_the_mrr_of_clients_with_an_open_signal() -> None:
    calm = event("customer.subscription.created", subscription(id="sub_2", customer="cus_2"), NOW - 9 * DAY)
    told = answer(events=[CREATED, FAILED, calm], policy={"base_currency": "usd"})
    assert told["metrics"]["revenue_at_risk"] == {"amount": "10.00", "currency": "usd"}
    assert answer(events=[CREATED, calm])["metrics"]["revenue_at_risk"] == {"amount": "0.00", "currency": "usd"}


@pytest.mark.parametrize("seed", range(5))
def test_order_and_repeats_of_events_do_not_matter(seed: int) -> None:
    delivered = [one for one in HISTORY for _ in range(1 + seed % 2)]
    random.Random(seed).shuffle(delivered)
    assert answer(events=delivered)["signals"] == answer(events=HISTORY)["signals"]


def test_a_snapshot_that_shows_less_than_the_events_told_is_a_silent_drop() -> None:
    told = answer(events=[CREATED], subscriptions=[subscription(status="canceled", ended_at=NOW - DAY)])
    assert stands(told) == {"canceled": "open", "silent_drop": "open"}


def test_a_trial_that_nobody_will_pay_for_is_told_where_the_record_says_so() -> None:
    trial = {"status": "trialing", "trial_end": NOW + 2 * DAY}
    quiet = answer(events=[changed(10, "created", **trial)])
    without = answer(events=[changed(10, "created", **trial, default_payment_method=None)],
                     customers=[customer(invoice_settings={"default_payment_method": None})])  # fmt: skip
    assert stands(quiet) == {}
    assert stands(without) == {"trial_ending_without_payment_method": "open"}


def test_people_see_a_table_of_signals() -> None:
    given = json.dumps({"as_of": NOW, "events": HISTORY})
    shown = CliRunner().invoke(revstream(["simulate"]), ["simulate", "-"], input=given).stdout
    assert "signals" in shown
    assert "superseded" in shown


def test_settings_of_the_rules_are_checked() -> None:
    assert stands(answer(events=[CREATED, FAILED], risk={"off": ["payment_failed"]})) == {}
    assert answer(2, risk={"off": ["rain"]})["error"]["path"] == "risk.off"
