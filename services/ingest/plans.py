"""What a run of each mode reads, in order."""

from collections.abc import Mapping
from datetime import timedelta

from libs.stripe_gateway import COUPONS, CUSTOMERS, EVENTS, PRICES, SUBSCRIPTIONS, Listing
from services.ingest.postgres_runs import RECENT, Run

LATELY = timedelta(days=7)
CATALOGUE = frozenset({PRICES.resource, COUPONS.resource})
# The catalogue comes first because a subscription can't be counted without it, and is short.
EVERYTHING = (PRICES, COUPONS, SUBSCRIPTIONS, CUSTOMERS)


def plan_of(run: Run) -> Mapping[str, Listing]:
    """The lists that a run reads, by resource. The same for a run that goes on after its process was killed.

    A recent one reads the events of the last seven days, which tell of every change, and the subscriptions made in
    them, should their events be lost. All others read everything.
    """
    lists: tuple[Listing, ...] = EVERYTHING
    if run.mode == RECENT:
        since = run.requested_at - LATELY
        lists = (EVENTS.created_since(since), SUBSCRIPTIONS.created_since(since))
    return {each.resource: each for each in lists}
