"""The signals of a scenario's clients, by the rules that the alerts service runs, and how they are written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from libs.cli.account import Account, CustomerNow
from libs.cli.movements_told import time_text
from libs.cli.scenario import Scenario
from libs.domain.client_state import CustomerRevenue, Revision, SubscriptionRevenue
from libs.domain.identity import ClientId, CustomerId, ProjectId, own_client
from libs.domain.mapping import Match
from libs.domain.money import major_text, shown
from libs.domain.risk import NO_RISK, ClientRisk, Signal, SignalStatus, assess, with_fact, with_revenue
from libs.wire.records import InvoiceActivity
from libs.wire.risk_codec import invoice_payment, risk_fact

Out = dict[str, object]
HERE = ProjectId("local")


@dataclass(frozen=True, slots=True)
class Risks:
    """The signals of all clients, and the clients with one that is not resolved."""

    signals: tuple[Signal, ...]

    @property
    def at_risk(self) -> frozenset[ClientId]:
        return frozenset(one.client for one in self.signals if one.status is not SignalStatus.RESOLVED)


def risks_of(scenario: Scenario, account: Account, matches: Mapping[CustomerId, Match]) -> Risks:
    """What every rule says of every client at the scenario's instant."""
    risks: dict[ClientId, ClientRisk] = {}
    for customer in account.customers:
        client = _client(customer.id, matches)
        risks[client] = with_revenue(risks.get(client, NO_RISK), _revenue(customer))
    for activity in scenario.activities:
        client = _client(CustomerId(activity.customer), matches)
        fact = invoice_payment(activity) if isinstance(activity, InvoiceActivity) else risk_fact(activity)
        risks[client] = with_fact(risks.get(client, NO_RISK), fact)
    found = (assess(risks[client], (HERE, client), scenario.as_of, scenario.risk).signals for client in sorted(risks))
    return Risks(tuple(signal for signals in found for signal in signals))


def signals_told(signals: Iterable[Signal]) -> list[Out]:
    """The signals as JSON has them, oldest first; amounts are text in major units."""
    return [_told(one) for one in sorted(signals, key=lambda one: (one.opened_at, one.client, one.rule, one.id))]


def _client(customer: CustomerId, matches: Mapping[CustomerId, Match]) -> ClientId:
    match = matches.get(customer)
    return own_client(customer) if match is None else match.client


def _revenue(customer: CustomerNow) -> CustomerRevenue:
    shares = tuple(
        SubscriptionRevenue(
            share.mrr.subscription,
            share.status,
            share.mrr.currency,
            share.mrr.amount,
            share.mrr.counted,
            share.mrr.rule,
            share.mrr.gaps,
        )
        for share in customer.shares
    )
    as_of = customer.contribution.as_of
    return CustomerRevenue(customer.id, Revision(0, 0, 0, as_of), as_of, shares, customer.contribution.deleted)


def _told(signal: Signal) -> Out:
    due = signal.amount_due
    amounts: dict[str, str] = {one.currency: shown(one.amount, one.currency) for one in signal.mrr_at_risk}
    return {
        "id": signal.id,
        "project": signal.project,
        "client": signal.client,
        "customer": signal.customer,
        "subscription": signal.subscription,
        "invoice": signal.invoice,
        "rule": signal.rule.value,
        "severity": signal.severity.value,
        "status": signal.status.value,
        "resolution": None if signal.resolution is None else signal.resolution.value,
        "mrr_at_risk": _money(amounts),
        "amount_due": None if due is None else _money({due.currency: major_text(due.amount, due.currency)}),
        "attempt": signal.attempt,
        "next_attempt_at": _time(signal.next_attempt_at),
        "opened_at": time_text(signal.opened_at),
        "updated_at": time_text(signal.updated_at),
        "resolved_at": _time(signal.resolved_at),
        "evidence": list(signal.evidence),
        "message": signal.message,
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else time_text(at)


def _money(amounts: Mapping[str, str]) -> Out | None:
    """One amount as a money object, several side by side, none as null; as the API writes them."""
    if not amounts:
        return None
    if len(amounts) > 1:
        return {"by_currency": dict(amounts)}
    ((currency, amount),) = amounts.items()
    return {"amount": amount, "currency": currency}
