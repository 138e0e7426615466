"""What a change of the policy would do to today's MRR: each customer's stored versions go through both rule sets."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from libs.domain.contribution import SubscriptionShare, contribution
from libs.domain.customer_state import EMPTY, fold
from libs.domain.policy import Policy
from services.api.database import Database
from services.api.definitions import facts_of
from services.api.queries import definitions

AT_ONCE = 200
# So long somebody waits for an answer; from where it ends then, the next request goes on.
MOST_SECONDS = 6.0

Sums = dict[str, Fraction]
Why = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """The policy in force and the one that is thought of; of live or of test data, at `at`."""

    project: str
    livemode: bool
    before: Policy
    after: Policy
    at: datetime


@dataclass(slots=True)
class Preview:
    """Exact sums by currency, and what makes them differ: the rule that would hold, and the one that does; of the
    customers up to `reached`. `complete`: there are no more."""

    before: Sums = field(default_factory=dict)
    after: Sums = field(default_factory=dict)
    why: dict[Why, tuple[int, Sums]] = field(default_factory=dict)
    customers: int = 0
    looked_at: int = 0
    reached: str = ""
    complete: bool = False

    def add(self, old: SubscriptionShare, new: SubscriptionShare) -> None:
        """Count a subscription in."""
        code = old.mrr.currency
        _into(self.before, code, old.mrr.amount)
        _into(self.after, code, new.mrr.amount)
        difference = new.mrr.amount - old.mrr.amount
        if difference:
            count, sums = self.why.setdefault((new.mrr.rule, old.mrr.rule), (0, {}))
            _into(sums, code, difference)
            self.why[new.mrr.rule, old.mrr.rule] = count + 1, sums


def _into(sums: Sums, code: str, amount: Fraction) -> None:
    sums[code] = sums.get(code, Fraction(0)) + amount


async def look_on(database: Database, change: Change, found: Preview) -> None:
    """Count in the customers after those that `found` has, as many as can be looked at in MOST_SECONDS."""
    ends = time.monotonic() + MOST_SECONDS
    if not found.reached:
        async with database.reading(change.project) as connection:
            found.customers = await definitions.count(connection, change.project)
    while not found.complete:
        async with database.reading(change.project) as connection:
            customers = await definitions.customers(connection, change.project, found.reached, AT_ONCE)
            due = [definitions.Due(change.project, customer, change.at) for customer in customers]
            versions = await definitions.versions(connection, due)
        await asyncio.to_thread(_count, found, versions, change)
        found.looked_at += len(customers)
        found.reached = customers[-1] if customers else found.reached
        found.complete = len(customers) < AT_ONCE
        if time.monotonic() >= ends:
            break


def _count(found: Preview, versions: Mapping[tuple[str, str], Sequence[bytes]], change: Change) -> None:
    for records in versions.values():
        facts, livemode = facts_of(records)
        if livemode != change.livemode:
            continue
        state = fold(EMPTY, facts, change.before.late_window)
        old = _by_id(contribution(state, change.before, change.at).subscriptions)
        new = _by_id(contribution(state, change.after, change.at).subscriptions)
        for subscription in old.keys() & new.keys():
            found.add(old[subscription], new[subscription])


def _by_id(shares: Iterable[SubscriptionShare]) -> dict[str, SubscriptionShare]:
    return {one.mrr.subscription: one for one in shares}
