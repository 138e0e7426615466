"""What moved of a part of a project's clients: of a segment, or of those on a plan. Read from the movements."""

from collections.abc import Sequence
from dataclasses import dataclass

from libs.domain.metrics import Period, span_of
from libs.domain.metrics.cells import Measure
from services.api.database import Connection
from services.api.queries.ledger import Scope, Sum

HERE = "moved.project = $1 AND moved.livemode = $2 AND moved.generation = $3"
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
    """Movements of subscriptions that are on `plan` now, or of clients whose MRR (sortable) is within `segment`."""

    plan: str | None = None
    segment: tuple[str, str] | None = None

    def join(self, place: int) -> tuple[str, list[object]]:
        """The joins that leave only this part, their parameters numbered from `place`."""
        joins, values = "", list[object]()
        if self.plan is not None:
            values.append(self.plan)
            joins += ON_PLAN.replace("{place}", str(place))
        if self.segment is not None:
            joins += IN_SEGMENT.replace("{place}", str(place + len(values))).replace(
                "{next}", str(place + len(values) + 1)
            )
            values += self.segment
        return joins, values


async def moved(connection: Connection, scope: Scope, part: Part, periods: Sequence[Period]) -> list[Sum]:
    """The sums of each period by currency and kind; the first period may be all of time before."""
    joins, values = part.join(6)
    spans = [span_of(period, scope.timezone) for period in periods]
    query = SUMS.format(join=joins, here=HERE)
    rows = await connection.fetch(query, *scope.key, [one.begin for one in spans], [one.end for one in spans], *values)
    return [
        Sum(row["number"], Measure.MOVED, row["currency"], row["label"], int(row["den"]), int(row["num"]), row["n"])
        for row in rows
    ]
