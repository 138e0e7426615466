"""Money that moved: invoices paid, refunds, attempts that failed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from libs.domain.identity import Currency, InvoiceId
from libs.domain.invoice import Invoice, InvoiceStatus
from libs.domain.ledger.valuation import valued
from libs.domain.metrics.period import Span
from libs.domain.policy import Policy
from libs.domain.totals import Total, by_currency
from libs.domain.version import Version, ordered

PAID_AT_UNKNOWN: Mapping[InvoiceId, datetime] = {}


@dataclass(frozen=True, slots=True)
class Payment:
    """What was paid or refunded at an instant, in minor units of one currency."""

    at: datetime
    amount: Total


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """One attempt to collect an invoice that failed."""

    invoice: InvoiceId
    attempt: int
    at: datetime


def paid(
    versions: Iterable[Version[Invoice]], paid_at: Mapping[InvoiceId, datetime] = PAID_AT_UNKNOWN
) -> list[Payment]:
    """What each invoice was paid with, once, when it became paid.

    `paid_at` tells when, where the invoice itself does; else the first version that shows it paid, and for one that
    only a snapshot shows, its creation.
    """
    found = []
    for invoice, course in _courses(versions).items():
        shown = [version for version in course if version.content.status is InvoiceStatus.PAID]
        if shown and shown[-1].content.amount_paid:
            content = shown[-1].content
            at = paid_at.get(invoice) or _when(shown[0])
            found.append(Payment(at, Total(Fraction(content.amount_paid), content.currency)))
    return found


def failed_attempts(versions: Iterable[Version[Invoice]]) -> list[FailedAttempt]:
    """Each failed attempt once: an open invoice that was attempted, at each new number of attempts."""
    found: dict[tuple[InvoiceId, int], FailedAttempt] = {}
    for invoice, course in _courses(versions).items():
        for version in course:
            content = version.content
            if content.status is not InvoiceStatus.OPEN or content.attempt_count == 0:
                continue
            key = invoice, content.attempt_count
            found.setdefault(key, FailedAttempt(*key, _when(version)))
    return list(found.values())


def in_period(payments: Iterable[Payment], span: Span, policy: Policy) -> dict[Currency, Fraction]:
    """The sums of what falls into `span`, in the base currency at the rate of its day where there is one."""
    held = (one for one in payments if span.holds(one.at))
    return by_currency(valued(one.amount, None, policy, one.at).worth for one in held)


def _courses(versions: Iterable[Version[Invoice]]) -> dict[InvoiceId, tuple[Version[Invoice], ...]]:
    told: dict[InvoiceId, list[Version[Invoice]]] = {}
    for version in versions:
        told.setdefault(version.content.id, []).append(version)
    return {invoice: ordered(told[invoice]).versions for invoice in sorted(told)}


def _when(version: Version[Invoice]) -> datetime:
    """When it became so: events tell it, of a snapshot the invoice's creation is the nearest known."""
    return version.at if version.event is not None else version.content.created or version.at
