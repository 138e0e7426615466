"""A client's risk: its invoices in trouble and the MRR behind them, as one fold; what changed is what is published."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from libs.domain.client_state import NO_CUSTOMERS, ClientState, CustomerRevenue, with_contribution
from libs.domain.identity import ClientId, ProjectId
from libs.domain.risk.payment import InvoicePayment, Payments, with_payment
from libs.domain.risk.payment_failed import Stake, assess
from libs.domain.risk.signal import MrrAtRisk, Resolution, Signal, SignalStatus

REMEMBERED = timedelta(days=120)
"""How long a version of a payment matters: twice the longest retry schedule that Stripe offers."""


@dataclass(frozen=True, slots=True)
class ClientRisk:
    """What the alerts service keeps of one client; equal for any order of arrival and any repeats.

    `newest` is the newest version of any payment seen: what is REMEMBERED counts back from it. `payments` are sorted
    by invoice.
    """

    newest: datetime | None = None
    payments: tuple[Payments, ...] = ()
    revenue: ClientState = NO_CUSTOMERS


NO_RISK = ClientRisk()


def with_invoice(risk: ClientRisk, payment: InvoicePayment) -> ClientRisk:
    """`risk` and one version of an invoice's payment; the same object when it tells nothing new."""
    newest = payment.at if risk.newest is None else max(risk.newest, payment.at)
    known = {payments[0].invoice: payments for payments in risk.payments}
    known[payment.invoice] = with_payment(known.get(payment.invoice, ()), payment)
    remembered = tuple(_remembered(known[invoice], newest - REMEMBERED) for invoice in sorted(known))
    found = ClientRisk(newest, tuple(payments for payments in remembered if payments), risk.revenue)
    return risk if found == risk else found


def _remembered(payments: Payments, cut: datetime) -> Payments:
    return payments if payments and payments[0].at > cut else tuple(one for one in payments if one.at > cut)


def with_revenue(risk: ClientRisk, revenue: CustomerRevenue) -> ClientRisk:
    """`risk` and a customer's contribution; the same object when it is not later than the known one."""
    state = with_contribution(risk.revenue, revenue)
    return risk if state is risk.revenue else replace(risk, revenue=state)


def signals(risk: ClientRisk, project: ProjectId, client: ClientId) -> tuple[Signal, ...]:
    """Every signal of the client, resolved ones too, as long as they are remembered."""
    found = (assess(payments, Stake(project, client, _at_stake(risk, payments[0]))) for payments in risk.payments)
    return tuple(signal for signal in found if signal is not None)


def _at_stake(risk: ClientRisk, payment: InvoicePayment) -> tuple[MrrAtRisk, ...]:
    """The MRR of the invoice's subscription; of all the customer's, where the invoice names none that is known."""
    customers = (revenue for revenue in risk.revenue.customers if revenue.customer == payment.customer)
    own = [one for revenue in customers for one in revenue.subscriptions]
    named = [one for one in own if one.subscription == payment.subscription]
    sums: dict[str, MrrAtRisk] = {}
    for one in named or own:
        known = sums.get(one.currency)
        sums[one.currency] = MrrAtRisk(one.currency, one.amount + (known.amount if known else 0))
    return tuple(sums[currency] for currency in sorted(sums) if sums[currency].amount > 0)


def news(before: tuple[Signal, ...], after: tuple[Signal, ...], at: datetime) -> Iterator[Signal]:
    """The signals to publish when `before` became `after`: new and changed ones, and open ones that are gone.

    One that is gone has expired: all that it rested on is older than what is remembered.
    """
    known = {signal.id: signal for signal in before}
    present = {signal.id for signal in after}
    yield from (signal for signal in after if known.get(signal.id) != signal)
    for signal in before:
        if signal.id not in present and signal.status is not SignalStatus.RESOLVED:
            yield replace(
                signal,
                status=SignalStatus.RESOLVED,
                resolution=Resolution.EXPIRED,
                resolved_at=at,
                updated_at=at,
                mrr_at_risk=(),
                next_attempt_at=None,
            )
