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
# So long somebody waits for an answer; what is not reached until then is told as missing.
MOST_SECONDS = 6.0

Sums = dict[str, Fraction]
Why = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """The policy in force and the one that is thought of; of live or of test data."""

    project: str
    livemode: bool
    before: Policy
    after: Policy


@dataclass(slots=True)
class Preview:
    """Exact sums by currency, and what makes them differ: the rule that would hold, and the one that does."""

    before: Sums = field(default_factory=dict)
    after: Sums = field(default_factory=dict)
    why: dict[Why, tuple[int, Sums]] = field(default_factory=dict)
    customers: int = 0
    looked_at: int = 0

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


async def previewed(database: Database, change: Change, now: datetime, seconds: float = MOST_SECONDS) -> Preview:
    """All customers, or as many as can be looked at in so many seconds."""
    found, ends = Preview(), time.monotonic() + seconds
    async with database.reading(change.project) as connection:
        customers = await definitions.customers(connection, change.project)
    found.customers = len(customers)
    for start in range(0, len(customers), AT_ONCE):
        if time.monotonic() > ends:
            break
        due = [definitions.Due(change.project, customer, now) for customer in customers[start : start + AT_ONCE]]
        async with database.reading(change.project) as connection:
            versions = await definitions.versions(connection, due)
        await asyncio.to_thread(_count, found, versions, change, now)
        found.looked_at += len(due)
    return found


def _count(found: Preview, versions: Mapping[tuple[str, str], Sequence[bytes]], change: Change, now: datetime) -> None:
    for records in versions.values():
        facts, livemode = facts_of(records)
        if livemode != change.livemode:
            continue
        state = fold(EMPTY, facts, change.before.late_window)
        old = _by_id(contribution(state, change.before, now).subscriptions)
        new = _by_id(contribution(state, change.after, now).subscriptions)
        for subscription in old.keys() & new.keys():
            found.add(old[subscription], new[subscription])


def _by_id(shares: Iterable[SubscriptionShare]) -> dict[str, SubscriptionShare]:
    return {one.mrr.subscription: one for one in shares}
