"""What a run of each mode reads, in order."""

from collections.abc import Mapping
from datetime import timedelta

from libs.stripe_gateway import (
    COUPONS,
    CUSTOMERS,
    DISPUTES,
    EVENTS,
    INVOICES,
    PRICES,
    PRODUCTS,
    REFUNDS,
    SUBSCRIPTIONS,
    Listing,
)
from services.ingest.postgres_runs import FULL, RECENT, RECONCILE, Run

LATELY, QUARTER = timedelta(days=7), timedelta(days=90)
CATALOGUE = frozenset({PRICES.resource, COUPONS.resource})
# What MRR follows from: the rest waits for it.
COUNTED = frozenset({SUBSCRIPTIONS.resource, CUSTOMERS.resource})
# The catalogue is short, and no subscription can be counted without it.
STATE = (PRICES, COUPONS, SUBSCRIPTIONS, CUSTOMERS)
PAYMENTS = (INVOICES, REFUNDS, DISPUTES)


def plan_of(run: Run) -> Mapping[str, Listing]:
    """The lists that a run reads, by resource. The same for a run that goes on after its process was killed.

    A first one reads what is, then what was paid in the last 90 days, and the events, of which Stripe keeps 30 days.
    A full one reads payments back to the beginning. A recent one reads the events of the last seven days, which tell
    of every change, and what was made in them, should their events be lost. A comparison reads what is compared.
    """
    return {each.resource: each for each in _lists(run)}


def _lists(run: Run) -> tuple[Listing, ...]:
    if run.mode == RECENT:
        since = run.requested_at - LATELY
        return tuple(each.created_since(since) for each in (EVENTS, SUBSCRIPTIONS, CUSTOMERS, *PAYMENTS))
    if run.mode == RECONCILE:
        return STATE
    if run.mode == FULL:
        return (*STATE, PRODUCTS, *PAYMENTS, EVENTS)
    since = run.requested_at - QUARTER
    return (*STATE, PRODUCTS, *(each.created_since(since) for each in PAYMENTS), EVENTS)
