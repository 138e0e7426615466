"""Trials, payments, and what will end: the metrics that movements do not tell."""

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest

from libs.domain.fact import Fact
from libs.domain.identity import Currency, CustomerId, EventId, InvoiceId, SubscriptionId
from libs.domain.invoice import Invoice, InvoiceStatus
from libs.domain.ledger import Step, course_of
from libs.domain.metrics import Payment, Span, failed_attempts, paid, trial_counts, trials
from libs.domain.metrics.ahead import scheduled_churn
from libs.domain.metrics.payments import in_period
from libs.domain.policy import DEFAULT, PRESETS, Policy, Rate
from libs.domain.totals import Total
from libs.domain.version import Rank, Version
from tests.domain.states import T0, after, seen, subscription, told
from tests.domain.test_ledger_kinds import changed, created, with_status

USD, EUR = Currency("usd"), Currency("eur")
UNTIL = after(days=100)
TRIED = {"trial_start": after(), "trial_end": after(days=14)}
TRIAL = with_status("trialing", **TRIED)


def steps(*facts: Fact, policy: Policy = DEFAULT) -> tuple[Step, ...]:
    return course_of(facts, replace(policy, late_window_days=None), UNTIL)


TRIALS: dict[str, tuple[list[Fact], datetime | None, datetime | None]] = {
    "goes on": ([created(TRIAL)], None, None),
    "converted": ([created(TRIAL), changed(with_status("active", **TRIED), 14)], after(days=14), after(days=14)),
    "converted, first payment failed": (
        [created(TRIAL), changed(with_status("past_due", **TRIED), 14)], after(days=14), after(days=14),
    ),
    "canceled": ([created(TRIAL), changed(with_status("canceled", **TRIED), 7)], after(days=7), None),
    "paused for want of a card, paid later": (
        [created(TRIAL), changed(with_status("paused", **TRIED), 14), changed(with_status("active", **TRIED), 40)],
        after(days=14), after(days=40),
    ),
    "Stripe is late": ([created(TRIAL), changed(with_status("active", **TRIED), 15)], after(days=15), after(days=15)),
    "over when first seen": ([seen(with_status("active", **TRIED), after(days=50))], after(days=14), after(days=14)),
    "over when first seen, ended within": (
        [seen(with_status("canceled", ended_at=after(days=5), **TRIED), after(days=50))], after(days=5), None,
    ),
    "seen unpaid for good": (
        [seen(with_status("incomplete_expired", **TRIED), after(days=50))], after(days=14), None,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("facts", "ended", "converted"), TRIALS.values(), ids=TRIALS.keys())
def test_a_trial(facts: list[Fact], ended: datetime | None, converted: datetime | None) -> None:
    (trial,) = trials(steps(*facts))
    assert (trial.began, trial.ended, trial.converted) == (after(), ended, converted)


def test_what_never_was_a_trial_is_none() -> None:
    assert trials(steps(created(subscription()))) == ()


def test_conversion_may_pass_one() -> None:
    late, soon = TRIALS["paused for want of a card, paid later"][0], replace(TRIAL, id=SubscriptionId("sub_2"))
    converted = replace(with_status("active", **TRIED), id=SubscriptionId("sub_2"))
    known = trials(steps(*late, created(soon), changed(converted, 39)))
    counts = trial_counts(known, Span(after(days=30), after(days=60)))
    assert (counts.began, counts.ended, counts.converted) == (0, 1, 2)
    assert counts.conversion_rate == 2


def invoice(name: str = "in_1", status: str = "open", attempts: int = 0, amount: int = 0) -> Invoice:
    return Invoice(
        InvoiceId(name),
        CustomerId("cus_1"),
        InvoiceStatus(status),
        USD,
        amount_paid=amount,
        attempt_count=attempts,
        created=T0,
    )


def at(day: float, of: Invoice, event: str | None = "evt") -> Version[Invoice]:
    rank = Rank.TERMINAL if of.status is InvoiceStatus.PAID else Rank.UPDATE
    return told(of, after(days=day), rank, event=None if event is None else f"evt_{of.id}_{day}")


def test_each_failed_attempt_counts_once() -> None:
    versions = [
        at(1, invoice(attempts=1)),
        replace(at(1, invoice(attempts=1)), event=EventId("evt_same")),
        at(4, invoice(attempts=2)),
        at(5, invoice(attempts=2)),
        at(9, invoice(status="paid", attempts=3, amount=1000)),
        at(2, invoice("in_2")),
    ]
    for given in (versions, versions[::-1]):
        assert [(one.attempt, one.at) for one in failed_attempts(given)] == [(1, after(days=1)), (2, after(days=4))]


def test_an_invoice_is_paid_once_when_it_became_paid() -> None:
    versions = [at(3, invoice(status="paid", amount=1000)), at(9, invoice(status="paid", amount=1000))]
    assert paid(versions) == [Payment(after(days=3), Total(Fraction(1000), USD))]


@pytest.mark.parametrize(
    ("paid_at", "expected"),
    [({}, T0), ({InvoiceId("in_1"): after(days=7)}, after(days=7))],
    ids=["its creation is the nearest known", "as it says"],
)
def test_when_an_invoice_of_a_snapshot_was_paid(paid_at: dict[InvoiceId, datetime], expected: datetime) -> None:
    assert [one.at for one in paid([at(50, invoice(status="paid", amount=5), event=None)], paid_at)] == [expected]


def test_what_was_paid_with_nothing_is_no_payment() -> None:
    assert paid([at(3, invoice(status="paid"))]) == []


def test_payments_are_in_the_base_currency_at_the_rate_of_their_day() -> None:
    policy = replace(DEFAULT, base_currency=USD, fx=(Rate(EUR, Fraction("1.1")), Rate(EUR, Fraction(2), T0.date())))
    euros = Total(Fraction(100), EUR)
    payments = [Payment(T0 - timedelta(days=1), euros), Payment(T0, euros), Payment(after(days=90), euros)]
    assert in_period(payments, Span(after(days=-9), after(days=9)), policy) == {USD: 310}
    assert in_period(payments, Span(after(days=-9), after(days=9)), DEFAULT) == {EUR: 200}


@pytest.mark.parametrize(
    ("fact", "policy", "amount"),
    [
        (changed(with_status("active", cancel_at=after(days=130)), 5), DEFAULT, 1000),
        (
            changed(with_status("active", cancel_at_period_end=True, current_period_end=after(days=101)), 5),
            DEFAULT,
            1000,
        ),
        (changed(with_status("active", cancel_at=after(days=90)), 5), DEFAULT, 0),
        (changed(with_status("active", cancel_at=after(days=130)), 5), PRESETS["stripe"], 0),
        (changed(subscription(quantity=2), 5), DEFAULT, 0),
    ],
    ids=["on a day", "with its period", "has ended", "counted at the request", "goes on"],
)
def test_mrr_that_will_end_by_a_scheduled_cancellation(fact: Fact, policy: Policy, amount: int) -> None:
    found = scheduled_churn(steps(created(subscription()), fact, policy=policy), policy, UNTIL)
    assert found.get(USD, 0) == amount
