"""What moved of a part of a project's clients: of a segment, or of those on a plan. From sums that are kept.

While new thresholds of segments are being put into force, a segment is told from the movements themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from libs.domain.metrics import Period, span_of
from libs.domain.metrics.cells import BY_MONTH, Measure
from services.api.database import Connection
from services.api.probes import ranges
from services.api.queries.ledger import Scope, Sum
from services.api.queries.segments import Bounds

HERE = "moved.project = $1 AND moved.livemode = $2 AND moved.generation = $3"
# One range of the key each, as in `queries/ledger.py`.
KEPT = """
SELECT each.number, currency, kind AS label, den, sum(num) AS num, sum(n)::bigint AS n
FROM unnest($4::int[], $5::text[], $6::date[], $7::date[]) AS each (number, grain, first, last)
CROSS JOIN LATERAL (
    SELECT currency, kind, den, num, n FROM part_cells
    WHERE project = $1 AND livemode = $2 AND generation = $3 AND plan = $8 AND part_cells.grain = each.grain
      AND day >= each.first AND day <= each.last AND ($9::text IS NULL OR segment = $9)
    OFFSET 0
) AS found GROUP BY each.number, currency, kind, den HAVING sum(num) <> 0 OR sum(n) <> 0
"""
ON_PLAN = """
JOIN subscriptions ON subscriptions.project = moved.project AND subscriptions.livemode = moved.livemode
                  AND subscriptions.subscription = moved.subscription AND ${place}::text = ANY(subscriptions.plans)
"""
IN_SEGMENT = """
JOIN clients ON clients.project = moved.project AND clients.client = moved.client
            AND clients.mrr_order >= ${place}::text AND clients.mrr_order < ${next}::text
"""
SUMS = """
SELECT number::int - 1 AS number, currency, kind AS label, amount_den AS den, sum(amount_num) AS num,
       count(*) AS n
FROM unnest($4::timestamptz[], $5::timestamptz[]) WITH ORDINALITY AS period (first, last, number)
CROSS JOIN LATERAL (
    SELECT moved.currency, moved.kind, moved.amount_num, moved.amount_den FROM movements AS moved {join}
    WHERE {here} AND moved.occurred_at >= first AND moved.occurred_at < last
) AS found GROUP BY number, currency, kind, amount_den
"""


@dataclass(frozen=True, slots=True)
class Part:
    """Movements of subscriptions that are on `plan` now, or of clients that are in `segment` now."""

    plan: str | None = None
    segment: Bounds | None = None

    def join(self, place: int) -> tuple[str, list[object]]:
        """The joins that leave only this part of the movements, their parameters numbered from `place`."""
        joins, values = "", list[object]()
        if self.plan is not None:
            values.append(self.plan)
            joins += ON_PLAN.replace("{place}", str(place))
        if self.segment is not None:
            joins += IN_SEGMENT.replace("{place}", str(place + len(values))).replace(
                "{next}", str(place + len(values) + 1)
            )
            values += (self.segment.low, self.segment.high)
        return joins, values


async def moved(connection: Connection, scope: Scope, part: Part, periods: Sequence[Period]) -> list[Sum]:
    """The sums of each period by currency and kind; the first period may be all of time before."""
    if part.segment is None or part.segment.is_kept:
        return await _kept(connection, scope, part, periods)
    return await _recounted(connection, scope, part, periods)


async def _kept(connection: Connection, scope: Scope, part: Part, periods: Sequence[Period]) -> list[Sum]:
    asked = [one for number, period in enumerate(periods) for one in ranges(number, (Measure.MOVED,), period)]
    monthly = BY_MONTH[Measure.MOVED]
    rows = await connection.fetch(
        KEPT,
        *scope.key,
        [one.number for one in asked],
        ["month" if one.measure == monthly else "day" for one in asked],
        [one.first for one in asked],
        [one.last for one in asked],
        part.plan or "",
        None if part.segment is None else part.segment.name,
    )
    return [
        Sum(row["number"], Measure.MOVED, row["currency"], row["label"], int(row["den"]), int(row["num"]), row["n"])
        for row in rows
    ]


async def _recounted(connection: Connection, scope: Scope, part: Part, periods: Sequence[Period]) -> list[Sum]:
    joins, values = part.join(6)
    spans = [span_of(period, scope.timezone) for period in periods]
    query = SUMS.format(join=joins, here=HERE)
    rows = await connection.fetch(query, *scope.key, [one.begin for one in spans], [one.end for one in spans], *values)
    return [
        Sum(row["number"], Measure.MOVED, row["currency"], row["label"], int(row["den"]), int(row["num"]), row["n"])
        for row in rows
    ]
