"""What a scenario tells about money beyond its invoices: when they were paid, and what was given back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from libs.cli.located import Located
from libs.cli.stripe_facts import StripeObjects
from libs.domain.identity import Currency, InvoiceId
from libs.domain.metrics import Payment
from libs.domain.totals import Total

FAILED_REFUNDS = ("failed", "canceled")


@dataclass(frozen=True, slots=True)
class MoneyTold:
    """When invoices were paid, where they say so, and refunds up to the scenario's instant."""

    paid_at: Mapping[InvoiceId, datetime] = field(default_factory=dict)
    refunds: tuple[Payment, ...] = ()


def money_told(objects: StripeObjects, as_of: datetime) -> MoneyTold:
    """What the scenario's invoices and events tell. Raises ScenarioError with the path of what makes no sense."""
    happened = [(event.at("created").instant(), event) for event in objects.events]
    events = [(at, event) for at, event in sorted(happened, key=lambda one: one[0]) if at <= as_of]
    invoices = [*objects.invoices, *(_object(event) for _, event in events if _type(event).startswith("invoice."))]
    return MoneyTold(dict(_paid_at(invoices)), tuple(_refunds(events)))


def _type(event: Located) -> str:
    kind = event.at("type").value
    return kind if isinstance(kind, str) else ""


def _object(event: Located) -> Located:
    return event.at("data").at("object")


def _paid_at(invoices: list[Located]) -> Iterator[tuple[InvoiceId, datetime]]:
    for invoice in invoices:
        transitions = invoice.at("status_transitions")
        if isinstance(transitions.value, dict) and transitions.at("paid_at").value is not None:
            yield InvoiceId(invoice.at("id").text()), transitions.at("paid_at").instant()


def _refunds(events: list[tuple[datetime, Located]]) -> Iterator[Payment]:
    """A charge tells what of it was refunded in all, a refund only itself: where a charge tells, it counts."""
    charges: dict[str, int] = {}
    refunds: dict[str, tuple[str | None, Payment]] = {}
    for at, event in events:
        one = _object(event)
        if _type(event) == "charge.refunded" and _tells(one, "amount_refunded"):
            charge, total = one.at("id").text(), _amount(one.at("amount_refunded"))
            given_back = total - charges.get(charge, 0)
            charges[charge] = max(total, charges.get(charge, 0))
            if given_back > 0:
                yield _payment(at, given_back, one)
        elif _type(event).startswith(("refund.", "charge.refund.")) and _tells(one, "amount"):
            _note(refunds, at, one)
    yield from (payment for charge_of, payment in refunds.values() if charge_of not in charges)


def _tells(one: Located, amount: str) -> bool:
    """Whether the object says enough to count: which one it is, and how much of what."""
    value = one.value
    return isinstance(value, dict) and all(value.get(name) is not None for name in ("id", "currency", amount))


def _note(refunds: dict[str, tuple[str | None, Payment]], at: datetime, refund: Located) -> None:
    """A refund counts from when it was first told of, unless it fails."""
    name, charge = refund.at("id").text(), refund.at("charge").value
    if refund.at("status").value in FAILED_REFUNDS:
        refunds.pop(name, None)
    elif name not in refunds:
        payment = _payment(at, _amount(refund.at("amount")), refund)
        refunds[name] = (charge if isinstance(charge, str) else None, payment)


def _payment(at: datetime, amount: int, one: Located) -> Payment:
    return Payment(at, Total(Fraction(amount), Currency(one.at("currency").text().lower())))


def _amount(given: Located) -> int:
    if isinstance(given.value, bool) or not isinstance(given.value, int) or given.value < 0:
        given.refuse("must be a whole number of minor units, not below 0")
    return given.value
