from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from itertools import permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.domain.client_state import CustomerRevenue, Revision, SubscriptionRevenue
from libs.domain.identity import ClientId, Currency, CustomerId, EventId, InvoiceId, ProjectId, SubscriptionId
from libs.domain.invoice import PaymentOutcome
from libs.domain.risk import (
    NO_RISK,
    ClientRisk,
    InvoicePayment,
    Resolution,
    Severity,
    Signal,
    SignalRule,
    SignalStatus,
    assess,
    news,
    with_invoice,
    with_revenue,
)
from libs.domain.risk.client_risk import REMEMBERED
from libs.domain.subscription import SubscriptionStatus
from libs.domain.version import Rank
from libs.wire.risk_codec import signal_record
from libs.wire.state_codec import decode_risk, encode_risk
from tests.counts import examples
from tests.domain.states import T0, after

PROJECT, CLIENT = ProjectId("p1"), ClientId("acme")


def payment(
    outcome: str, at: float = 0, attempt: int = 1, retry: datetime | None = None, number: int = 1
) -> InvoicePayment:
    ended = outcome in {"paid", "voided"}
    return InvoicePayment(
        invoice=InvoiceId(f"in_{number}"),
        customer=CustomerId("cus_1"),
        at=after(at),
        rank=Rank.TERMINAL if ended else Rank.UPDATE,
        outcome=PaymentOutcome(outcome),
        currency=Currency("usd"),
        amount_due=1250,
        subscription=SubscriptionId("sub_1"),
        attempt=attempt,
        next_attempt_at=retry,
        events=(EventId(f"evt_{outcome}_{at}"),),
    )


def pays(amount: int, subscription: str = "sub_1") -> CustomerRevenue:
    share = SubscriptionRevenue(
        SubscriptionId(subscription), SubscriptionStatus.ACTIVE, Currency("usd"), Fraction(amount), True, "counted"
    )
    return CustomerRevenue(CustomerId("cus_1"), Revision(0, amount, 0, T0), T0, (share,))


def risk_of(*payments: InvoicePayment, revenue: CustomerRevenue | None = None) -> ClientRisk:
    risk = NO_RISK if revenue is None else with_revenue(NO_RISK, revenue)
    for each in payments:
        risk = with_invoice(risk, each)
    return risk


def signals_of(*payments: InvoicePayment, revenue: CustomerRevenue | None = None) -> tuple[Signal, ...]:
    return seen(risk_of(*payments, revenue=revenue))


def seen(risk: ClientRisk) -> tuple[Signal, ...]:
    found = assess(risk, (PROJECT, CLIENT), risk.newest or T0).signals
    return tuple(signal for signal in found if signal.rule is SignalRule.PAYMENT_FAILED)


def the_signal(*payments: InvoicePayment, revenue: CustomerRevenue | None = None) -> Signal:
    (signal,) = signals_of(*payments, revenue=revenue)
    return signal


RETRY = after(days=3)


def test_a_failed_attempt_opens_a_signal_with_what_is_at_risk() -> None:
    signal = the_signal(payment("failed", 10, retry=RETRY), revenue=pays(2500))
    assert signal.status is SignalStatus.OPEN
    assert signal.opened_at == signal.updated_at == after(10)
    assert [str(risk.amount) for risk in signal.mrr_at_risk] == ["2500"]
    assert signal.next_attempt_at == RETRY
    assert signal.message == "payment of 12.50 USD failed at attempt 1; Stripe tries again at 2025-01-04 00:00 UTC"


def test_a_further_attempt_changes_the_signal_and_keeps_its_id() -> None:
    first = the_signal(payment("failed", 10, retry=RETRY))
    second = the_signal(payment("failed", 10, retry=RETRY), payment("failed", 99, attempt=2))
    assert second.id == first.id
    assert (second.opened_at, second.updated_at, second.attempt) == (after(10), after(99), 2)
    assert second.evidence == ("evt_failed_10", "evt_failed_99")


ENDS = {"paid": Resolution.RECOVERED, "voided": Resolution.VOIDED}


@pytest.mark.parametrize(("outcome", "resolution"), ENDS.items(), ids=ENDS.keys())
def test_the_end_of_a_payment_resolves_its_signal(outcome: str, resolution: Resolution) -> None:
    signal = the_signal(payment("failed", 10), payment(outcome, 50, attempt=2), revenue=pays(2500))
    assert signal.status is SignalStatus.RESOLVED
    assert signal.resolution is resolution
    assert signal.resolved_at == signal.updated_at == after(50)
    assert signal.mrr_at_risk == ()
    assert signal.evidence[-1] == f"evt_{outcome}_50"


QUIET = {
    "open": (payment("open"),),
    "waiting for the customer": (payment("action_required"),),
    "paid at once": (payment("open"), payment("paid", 5)),
    "given up without an attempt": (payment("uncollectible"),),
}


@pytest.mark.parametrize("payments", QUIET.values(), ids=QUIET.keys())
def test_no_signal_without_a_failed_attempt(payments: tuple[InvoicePayment, ...]) -> None:
    assert signals_of(*payments) == ()


def test_a_failure_told_of_a_payment_that_had_ended_is_contradicted_in_any_order() -> None:
    paid, failed = payment("paid", 5), payment("failed", 9)
    signal = the_signal(failed, paid)
    assert signal == the_signal(paid, failed)
    assert (signal.status, signal.resolution) == (SignalStatus.RESOLVED, Resolution.CONTRADICTED)


def test_an_uncollectible_invoice_stays_a_signal_until_it_is_paid() -> None:
    given_up = (payment("failed", 10), payment("uncollectible", 20))
    assert the_signal(*given_up, revenue=pays(2500)).severity is Severity.CRITICAL
    assert the_signal(*given_up, payment("paid", 30)).resolution is Resolution.RECOVERED


SEVERITIES = {
    "no MRR hangs on it": (payment("failed", retry=RETRY), 0, Severity.LOW),
    "no MRR, no retry left": (payment("failed"), 0, Severity.MEDIUM),
    "some MRR": (payment("failed", retry=RETRY), 99_999, Severity.MEDIUM),
    "some MRR, no retry left": (payment("failed"), 99_999, Severity.HIGH),
    "much MRR": (payment("failed", retry=RETRY), 100_000, Severity.HIGH),
    "much MRR, no retry left": (payment("failed"), 100_000, Severity.CRITICAL),
    "sent to be paid, some MRR": (replace(payment("failed"), collected_automatically=False), 5000, Severity.MEDIUM),
}


@pytest.mark.parametrize(("failed", "mrr", "severity"), SEVERITIES.values(), ids=SEVERITIES.keys())
def test_severity_grows_with_the_mrr_and_the_last_chance(failed: InvoicePayment, mrr: int, severity: Severity) -> None:
    assert the_signal(failed, revenue=pays(mrr)).severity is severity


def test_the_mrr_of_the_customer_is_at_risk_where_the_subscription_is_not_known() -> None:
    signal = the_signal(payment("failed"), revenue=pays(2500, "sub_other"))
    assert [risk.amount for risk in signal.mrr_at_risk] == [2500]


def test_only_what_changed_is_published() -> None:
    before = signals_of(payment("failed", 10), payment("failed", 11, number=2))
    after_it = signals_of(payment("failed", 10), payment("failed", 11, number=2), payment("paid", 20))
    assert [signal.invoice for signal in news(before, after_it, T0)] == ["in_1"]
    assert list(news(after_it, after_it, T0)) == []


def test_a_changed_mrr_publishes_open_signals_only() -> None:
    payments = (payment("failed", 10), payment("failed", 11, number=2), payment("paid", 20))
    before, after_it = signals_of(*payments, revenue=pays(5)), signals_of(*payments, revenue=pays(9))
    assert [signal.invoice for signal in news(before, after_it, T0)] == ["in_2"]


def test_an_open_signal_expires_when_all_its_facts_are_forgotten() -> None:
    risk = risk_of(payment("failed", 10))
    later = with_invoice(risk, payment("open", REMEMBERED.total_seconds() + 10, number=2))
    (gone,) = news(seen(risk), seen(later), after(days=121))
    assert gone.resolution is Resolution.EXPIRED
    assert gone.resolved_at == after(days=121)
    assert later.payments == ()


def test_a_repeated_payment_changes_nothing() -> None:
    risk = risk_of(payment("failed", 10), payment("paid", 20))
    assert with_invoice(risk, payment("failed", 10)) is risk


def test_other_clients_and_projects_have_other_ids() -> None:
    risk = risk_of(payment("failed", 10))
    ids = {assess(risk, (ProjectId(p), ClientId(c)), after(10)).signals[0].id for p in ("p1", "p2") for c in ("a", "b")}
    assert len(ids) == 4


def test_a_signal_travels_as_its_record() -> None:
    record = signal_record(the_signal(payment("failed", 10, retry=RETRY), revenue=pays(2500)), livemode=True)
    assert (record.rule, record.severity, record.status) == ("payment_failed", "medium", "open")
    assert record.mrr_at_risk == {"usd": "25.00"}
    assert record.amount_due == {"usd": "12.50"}
    assert record.invoice == "in_1"


def test_every_order_of_one_payments_course_gives_one_signal() -> None:
    course = (
        payment("open"),
        payment("failed", 10),
        payment("failed", 10, attempt=2),
        payment("uncollectible", 15),
        payment("paid", 20),
    )
    assert len({signals_of(*told) for told in permutations(course)}) == 1


payments = st.builds(
    payment,
    st.sampled_from([outcome.value for outcome in PaymentOutcome]),
    st.sampled_from([0, 0, 1, 60, 86_400 * 100, 86_400 * 130]),
    st.integers(1, 3),
    st.sampled_from([None, RETRY]),
    st.integers(1, 3),
)


@settings(max_examples=examples(500, 20_000))
@given(st.lists(payments, max_size=15), st.randoms(use_true_random=False))
def test_any_order_and_any_repeats_give_the_same_signals(told: list[InvoicePayment], chance: Random) -> None:
    delivered = [each for each in told for _ in range(chance.choice((1, 1, 2, 5)))]
    chance.shuffle(delivered)
    risk = risk_of(*delivered, revenue=pays(5))
    assert encode_risk(risk) == encode_risk(risk_of(*told, revenue=pays(5)))
    assert decode_risk(encode_risk(risk)) == risk
    assert with_invoice(risk, delivered[0]) is risk if delivered else True
