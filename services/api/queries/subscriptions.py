"""Subscriptions as they stand, each with what it adds to MRR: pages of them in several orders, and their sums."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from typing import Literal

from services.api.cursors import Position
from services.api.database import Connection
from services.api.queries.figures import by_currency

# What ends on later days is kept by day; what ends today is looked at one by one.
LEAVING = """
SELECT currency, exact_den, sum(exact_num) AS exact_num FROM (
    SELECT currency, den AS exact_den, num AS exact_num FROM leaving_days
    WHERE project = $1 AND livemode = $2 AND day >= $4 AND n > 0
    UNION ALL
    SELECT mrr_currency, mrr_den::text, mrr_num FROM subscriptions
    WHERE project = $1 AND livemode = $2 AND ends_at > $3 AND ends_at < $5 AND NOT final AND mrr_num > 0
) AS found GROUP BY currency, exact_den
"""
ON_PLAN = """EXISTS (SELECT FROM subscription_plans AS held
    WHERE held.project = $1 AND held.livemode = $2 AND held.plan = ${}::text
      AND held.subscription = subscriptions.subscription)"""
COLUMNS = """subscription, customer, client, status, plans, currency, started_at, renews_at, ends_at, ended_at,
    canceled_at, cancellation_reason, cancellation_feedback, trial_began, trial_ends, trial_ended, trial_converted,
    mrr_currency, mrr_num, mrr_den, counted, rule"""
Order = Literal["subscription", "renews_at", "ends_at", "canceled_at", "trial_began"]
# What each order's index holds, said so that the planner sees that it may use it.
HELD = {
    "subscription": "true",
    "renews_at": "renews_at IS NOT NULL AND NOT final",
    "ends_at": "ends_at IS NOT NULL AND NOT final",
    "canceled_at": "canceled_at IS NOT NULL",
    "trial_began": "trial_began IS NOT NULL",
}


@dataclass(frozen=True, slots=True)
class SubscriptionFilter:
    """Which subscriptions, in which order, newest first or last; each filter None where it does not matter. `since`
    and `until` bound the time that they are ordered by."""

    livemode: bool
    order: Order = "subscription"
    newest_first: bool = False
    since: datetime | None = None
    until: datetime | None = None
    status: str | None = None
    customer: str | None = None
    client: str | None = None
    plan: str | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionFound:
    subscription: str
    customer: str
    client: str | None
    status: str | None
    plans: Sequence[str]
    currency: str | None
    started_at: datetime | None
    renews_at: datetime | None
    ends_at: datetime | None
    ended_at: datetime | None
    canceled_at: datetime | None
    cancellation_reason: str | None
    cancellation_feedback: str | None
    trial_began: datetime | None
    trial_ends: datetime | None
    trial_ended: datetime | None
    trial_converted: datetime | None
    mrr_currency: str | None
    mrr_num: int
    mrr_den: int
    counted: bool
    rule: str | None

    @property
    def mrr(self) -> Fraction:
        return Fraction(int(self.mrr_num), int(self.mrr_den))

    def place(self, order: Order) -> Position:
        """Where a list in this order goes on after it."""
        value = getattr(self, order)
        return Position(value.isoformat() if isinstance(value, datetime) else "", self.subscription)


async def scheduled_churn(
    connection: Connection, project: str, livemode: bool, now: datetime
) -> Mapping[str, Fraction]:
    """Exact MRR that will end after `now` by cancellations already asked for, by currency."""
    tomorrow = now.astimezone(UTC).date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, time(), UTC)
    return by_currency(await connection.fetch(LEAVING, project, livemode, now, tomorrow, midnight))


async def page(
    connection: Connection, project: str, wanted: SubscriptionFilter, after: Position | None, limit: int
) -> list[SubscriptionFound]:
    """Up to `limit` subscriptions that follow the position."""
    values: list[object] = [project, wanted.livemode, limit]
    conditions = ["project = $1", "livemode = $2", HELD[wanted.order], *_conditions(wanted, values)]
    if after is not None:
        conditions.append(_beyond(wanted, after, values))
    direction = "DESC" if wanted.newest_first else "ASC"
    columns = ("subscription",) if wanted.order == "subscription" else (wanted.order, "subscription")
    order = ", ".join(f"{column} {direction}" for column in columns)
    query = f"SELECT {COLUMNS} FROM subscriptions WHERE {' AND '.join(conditions)} ORDER BY {order} LIMIT $3"  # noqa: S608 – our own words
    return [SubscriptionFound(**row) for row in await connection.fetch(query, *values)]


def _beyond(wanted: SubscriptionFilter, after: Position, values: list[object]) -> str:
    sign = "<" if wanted.newest_first else ">"
    if wanted.order == "subscription":
        values.append(after.id)
        return f"subscription {sign} ${len(values)}::text"
    values += [datetime.fromisoformat(after.value), after.id]
    return f"({wanted.order}, subscription) {sign} (${len(values) - 1}::timestamptz, ${len(values)}::text)"


def _conditions(wanted: SubscriptionFilter, values: list[object]) -> Iterator[str]:
    given = (
        (f"{wanted.order} >= ${{}}::timestamptz", wanted.since),
        (f"{wanted.order} < ${{}}::timestamptz", wanted.until),
        ("status = ${}::text", wanted.status),
        ("customer = ${}::text", wanted.customer),
        ("client = ${}::text", wanted.client),
        (ON_PLAN, wanted.plan),
    )
    for condition, value in given:
        if value is not None:
            values.append(value)
            yield condition.format(len(values))
