"""Contributions and client states as records: domain values to what travels, and back."""

from datetime import datetime
from fractions import Fraction
from functools import lru_cache

import msgspec

from libs.domain import client_state
from libs.domain.client_state import ClientState, CustomerRevenue, SubscriptionRevenue
from libs.domain.contribution import Contribution, SubscriptionShare
from libs.domain.identity import Currency, CustomerId, EventId, SubscriptionId
from libs.domain.money import shown
from libs.domain.policy import Policy
from libs.domain.subscription import SubscriptionStatus
from libs.wire import records
from libs.wire.codec import MalformedRecord

NOTHING = "0"
CACHED_AMOUNTS = 65_536  # the same prices come again and again


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Whose contribution it is, and where it stands among that customer's contributions."""

    project: str
    client: str
    customer: str
    account: str
    livemode: bool
    occurred_at: datetime
    revision: records.Revision


class ClientOrigin(msgspec.Struct, frozen=True, kw_only=True):
    """Whose record it is. `revision` grows with each record of one client; `as_of` serves one without customers."""

    project: str
    client: str
    livemode: bool
    revision: int
    as_of: datetime


def exact_text(amount: Fraction) -> str:
    """A fraction of minor units as the records write it: "1000" or "24999/2"."""
    if not amount:
        return NOTHING  # the very default of a course's steps: msgspec leaves out what is the default itself
    return str(amount.numerator) if amount.denominator == 1 else f"{amount.numerator}/{amount.denominator}"


@lru_cache(CACHED_AMOUNTS)
def exact_amount(text: str) -> Fraction:
    """What `exact_text` wrote. Raises MalformedRecord."""
    numerator, _, denominator = text.partition("/")
    try:
        return Fraction(int(numerator), int(denominator)) if denominator else Fraction(int(numerator))
    except (ValueError, ZeroDivisionError) as error:
        raise MalformedRecord(f"exact amount {text[:80]!r} is no fraction of whole numbers") from error


def contribution_changed(contribution: Contribution, origin: Origin) -> records.ContributionChanged:
    """The record that tells a client's agent what one customer adds now."""
    return records.ContributionChanged(
        project=origin.project,
        client=origin.client,
        customer=origin.customer,
        account=origin.account,
        livemode=origin.livemode,
        occurred_at=origin.occurred_at,
        revision=origin.revision,
        caused_by=contribution.caused_by,
        deleted=contribution.deleted,
        first_paid_at=contribution.first_paid_at,
        subscriptions=tuple(map(_share, contribution.subscriptions)),
    )


def _share(share: SubscriptionShare) -> records.SubscriptionContribution:
    mrr = share.mrr
    return records.SubscriptionContribution(
        subscription=mrr.subscription,
        status=share.status.value,
        currency=mrr.currency,
        exact=exact_text(mrr.amount),
        counted=mrr.counted,
        rule=mrr.rule,
        gaps=mrr.gaps,
    )


def customer_revenue(record: records.ContributionChanged) -> CustomerRevenue:
    """The contribution as a client's state takes it. Raises MalformedRecord for an amount or status it cannot read."""
    revision = record.revision
    return CustomerRevenue(
        customer=CustomerId(record.customer),
        revision=client_state.Revision(revision.epoch, revision.offset, revision.settings, revision.evaluated_at),
        as_of=revision.evaluated_at,
        subscriptions=tuple(map(_revenue, record.subscriptions)),
        deleted=record.deleted,
        first_paid_at=record.first_paid_at,
        caused_by=tuple(map(EventId, record.caused_by)),
    )


def _revenue(share: records.SubscriptionContribution) -> SubscriptionRevenue:
    try:
        status = SubscriptionStatus(share.status)
    except ValueError as error:
        raise MalformedRecord(f"subscription {share.subscription}: {error}") from error
    return SubscriptionRevenue(
        subscription=SubscriptionId(share.subscription),
        status=status,
        currency=Currency(share.currency),
        amount=exact_amount(share.exact),
        counted=share.counted,
        rule=share.rule,
        gaps=share.gaps,
    )


def client_record(state: ClientState, policy: Policy, origin: ClientOrigin) -> records.ClientRecord:
    """A client's present revenue: exact sums beside the same rounded once.

    `customers` are those that Stripe still has; `contributions` names the deleted ones too.
    """
    totals = client_state.totals(state)
    return records.ClientRecord(
        project=origin.project,
        client=origin.client,
        livemode=origin.livemode,
        status=client_state.status(state, policy).value,
        mrr_by_currency={currency: shown(amount, currency) for currency, amount in totals.items()},
        exact_by_currency={currency: exact_text(amount) for currency, amount in totals.items()},
        active_subscriptions=client_state.active_subscriptions(state),
        active_subscribers=client_state.active_subscribers(state),
        customers=tuple(revenue.customer for revenue in state.customers if not revenue.deleted),
        subscriptions=tuple(one.subscription for one in client_state.subscriptions(state)),
        contributions={revenue.customer: tuple(map(_told, revenue.subscriptions)) for revenue in state.customers},
        as_of=client_state.as_of(state) or origin.as_of,
        revision=origin.revision,
        incomplete=tuple(records.IncompleteSubscription(*gap) for gap in client_state.incomplete(state)),
        first_paid_at=client_state.first_paid_at(state),
        caused_by=tuple(sorted({event for revenue in state.customers for event in revenue.caused_by})),
    )


def _told(revenue: SubscriptionRevenue) -> records.SubscriptionContribution:
    return records.SubscriptionContribution(
        subscription=revenue.subscription,
        status=revenue.status.value,
        currency=revenue.currency,
        exact=exact_text(revenue.amount),
        counted=revenue.counted,
        rule=revenue.rule,
        gaps=revenue.gaps,
    )
