"""What is kept of one client: a function of the set of facts seen, equal for any order of arrival and any repeats."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from libs.domain.client_state import NO_CUSTOMERS, ClientState, CustomerRevenue, with_contribution
from libs.domain.customer_state.history import with_version, within
from libs.domain.risk.decision import Decision
from libs.domain.risk.facts import (
    CustomerFact,
    Decline,
    DisputeFact,
    MethodFact,
    SubscriptionFact,
    VersionFact,
    WarningFact,
    about_customer,
    about_dispute,
    about_method,
    about_subscription,
    about_warning,
)
from libs.domain.risk.payment import InvoicePayment, Payments, with_payment
from libs.domain.value import value
from libs.domain.version import Version

REMEMBERED = timedelta(days=120)
"""How long a version of a payment matters: twice the longest retry schedule that Stripe offers."""

MOST_VERSIONS = 100
"""Of one object within that time. The newest decide; an object that changes each hour must not fill a table."""

MOST_DECISIONS = 500

Content = TypeVar("Content")
Histories = tuple[tuple[Version[Content], ...], ...]
RiskFact = InvoicePayment | VersionFact | Decline


@value(frozen=True, slots=True)
class ClientRisk:
    """Everything that a client's signals and health follow from.

    `newest` is the newest time of any fact: what is REMEMBERED counts back from it, and the version that held then
    stays. All parts are sorted by the id of what they are about.
    """

    newest: datetime | None = None
    payments: tuple[Payments, ...] = ()
    revenue: ClientState = NO_CUSTOMERS
    subscriptions: tuple[tuple[SubscriptionFact, ...], ...] = ()
    customers: tuple[tuple[CustomerFact, ...], ...] = ()
    methods: tuple[tuple[MethodFact, ...], ...] = ()
    disputes: tuple[tuple[DisputeFact, ...], ...] = ()
    warnings: tuple[tuple[WarningFact, ...], ...] = ()
    declines: tuple[Decline, ...] = ()
    decisions: tuple[Decision, ...] = ()


NO_RISK = ClientRisk()


def with_fact(risk: ClientRisk, fact: RiskFact) -> ClientRisk:
    """`risk` and one fact; the same object when it tells nothing new."""
    newest = fact.at if risk.newest is None else max(risk.newest, fact.at)
    taken = _taken(risk if newest == risk.newest else replace(risk, newest=newest), fact)
    found = taken if newest == risk.newest and taken is risk else _remembering(taken, newest - REMEMBERED)
    return risk if found == risk else found


def with_invoice(risk: ClientRisk, payment: InvoicePayment) -> ClientRisk:
    """`risk` and one version of an invoice's payment; the same object when it tells nothing new."""
    return with_fact(risk, payment)


def with_revenue(risk: ClientRisk, revenue: CustomerRevenue) -> ClientRisk:
    """`risk` and a customer's contribution; the same object when it is not later than the known one."""
    state = with_contribution(risk.revenue, revenue)
    return risk if state is risk.revenue else replace(risk, revenue=state)


def with_decision(risk: ClientRisk, decision: Decision) -> ClientRisk:
    """`risk` and one verdict; the same object when it is known."""
    if decision in risk.decisions:
        return risk
    return replace(risk, decisions=tuple(sorted((*risk.decisions, decision), key=_decided)[-MOST_DECISIONS:]))


def _decided(decision: Decision) -> tuple[datetime, str, str]:
    return decision.at, decision.signal, repr(decision)


def _taken(risk: ClientRisk, fact: RiskFact) -> ClientRisk:
    match fact:
        case InvoicePayment():
            return _with_payment(risk, fact)
        case Decline():
            return replace(risk, declines=_with(risk.declines, fact))
        case _:
            return _with_version(risk, fact)


def _with_version(risk: ClientRisk, fact: VersionFact) -> ClientRisk:
    if about_subscription(fact):
        return replace(risk, subscriptions=_put(risk.subscriptions, fact, lambda it: it.subscription))
    if about_customer(fact):
        return replace(risk, customers=_put(risk.customers, fact, lambda it: it.customer))
    if about_method(fact):
        return replace(risk, methods=_put(risk.methods, fact, lambda it: it.method))
    if about_dispute(fact):
        return replace(risk, disputes=_put(risk.disputes, fact, lambda it: it.dispute))
    if about_warning(fact):
        return replace(risk, warnings=_put(risk.warnings, fact, lambda it: it.warning))
    raise TypeError(f"no fact about risk: {fact!r}")


def _with_payment(risk: ClientRisk, payment: InvoicePayment) -> ClientRisk:
    known = {payments[0].invoice: payments for payments in risk.payments}
    known[payment.invoice] = with_payment(known.get(payment.invoice, ()), payment)
    return replace(risk, payments=tuple(known[invoice] for invoice in sorted(known) if known[invoice]))


def _put(
    histories: Histories[Content], version: Version[Content], name_of: Callable[[Content], str]
) -> Histories[Content]:
    """`histories` (sorted by name) with `version` in the one of its object."""
    name = name_of(version.content)
    place = bisect_left(histories, name, key=lambda history: name_of(history[0].content))
    if place == len(histories) or name_of(histories[place][0].content) != name:
        return (*histories[:place], (version,), *histories[place:])
    history = with_version(histories[place], version)[-MOST_VERSIONS:]
    return (*histories[:place], history, *histories[place + 1 :])


def _with(known: tuple[Decline, ...], told: Decline) -> tuple[Decline, ...]:
    return known if told in known else tuple(sorted((*known, told), key=repr))


def _remembering(risk: ClientRisk, cut: datetime) -> ClientRisk:
    payments = (_recent(payments, cut) for payments in risk.payments)
    return replace(
        risk,
        payments=tuple(recent for recent in payments if recent),
        subscriptions=tuple(within(history, cut) for history in risk.subscriptions),
        customers=tuple(within(history, cut) for history in risk.customers),
        methods=tuple(within(history, cut) for history in risk.methods),
        disputes=_all_recent(risk.disputes, cut),
        warnings=_all_recent(risk.warnings, cut),
        declines=tuple(one for one in risk.declines if one.at > cut),
    )


def _all_recent(histories: Histories[Content], cut: datetime) -> Histories[Content]:
    recent = (tuple(version for version in history if version.at > cut) for history in histories)
    return tuple(history for history in recent if history)


def _recent(payments: Payments, cut: datetime) -> Payments:
    return payments if payments and payments[0].at > cut else tuple(one for one in payments if one.at > cut)
