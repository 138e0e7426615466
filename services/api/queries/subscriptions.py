"""Subscriptions as they stand, each with what it adds to MRR."""

from collections.abc import Mapping
from fractions import Fraction

from services.api.database import Connection
from services.api.queries.figures import by_currency

LEAVING = """
SELECT mrr_currency AS currency, mrr_den AS exact_den, sum(mrr_num) AS exact_num FROM subscriptions
WHERE project = $1 AND livemode = $2 AND ends_at > now() AND NOT final AND mrr_num > 0
GROUP BY mrr_currency, mrr_den
"""


async def scheduled_churn(connection: Connection, project: str, livemode: bool) -> Mapping[str, Fraction]:
    """Exact MRR that will end by cancellations already asked for, by currency."""
    return by_currency(await connection.fetch(LEAVING, project, livemode))
