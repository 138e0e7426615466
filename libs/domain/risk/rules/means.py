"""By what a subscription is paid, over time: its own payment method, or its customer's, and how long that card is good.

Stripe charges the subscription's default payment method, then its source, then the customer's. A method that is merely
attached is not used.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from libs.domain.identity import EventId
from libs.domain.risk.context import RiskContext
from libs.domain.risk.facts import SubscriptionFact, SubscriptionStanding
from libs.domain.value import value
from libs.domain.version import Rank, Version

Content = TypeVar("Content")


@value(frozen=True, slots=True)
class Means:
    """A subscription and what pays for it, from one change of either to the next."""

    standing: SubscriptionStanding
    method: str | None
    expires_at: datetime | None = None


def means_of(line: Sequence[SubscriptionFact], context: RiskContext) -> tuple[Version[Means], ...]:
    """The course of one subscription's means, oldest first; it begins with what was first known of the subscription."""
    customer = context.customer(line[0].content.customer)
    own = [one.content.method for one in line] + [one.content.method for one in customer]
    names = {method for method in own if method is not None}
    methods = {name: context.method(name) for name in names}
    ats: list[tuple[datetime, EventId | None]] = [(one.at, one.event) for one in line]
    ats += [(one.at, one.event) for one in customer]
    ats += [(one.at, one.event) for known in methods.values() for one in known]
    return tuple(_moments(sorted(ats, key=lambda each: (each[0], each[1] or "")), line, context))


def _moments(
    ats: Sequence[tuple[datetime, EventId | None]], line: Sequence[SubscriptionFact], context: RiskContext
) -> Iterator[Version[Means]]:
    customer = context.customer(line[0].content.customer)
    start = line[0].at
    for at, event in ats:
        subscription = _at(line, at)
        if at < start or subscription is None:
            continue
        default = _at(customer, at)
        method = subscription.content.method or (None if default is None else default.content.method)
        told = None if method is None else _at(context.method(method), at)
        if told is not None and told.content.detached:
            yield Version(at, Rank.UPDATE, Means(subscription.content, None), b"", None, event)
            continue
        expires = None if told is None else told.content.expires_at
        yield Version(at, Rank.UPDATE, Means(subscription.content, method, expires), b"", None, event)


def _at(line: Sequence[Version[Content]], at: datetime) -> Version[Content] | None:
    return next((version for version in reversed(line) if version.at <= at), None)
