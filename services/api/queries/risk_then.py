"""What was at risk at an earlier instant: which clients had an open signal then, and what they paid."""

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction

from libs.wire.codec import decode
from libs.wire.records import SignalRecord
from services.api.database import Connection
from services.api.queries.figures import by_currency
from services.api.queries.ledger import Scope
from services.api.queries.movements import CURRENCIES

# A signal was last told of when it was resolved, or later.
RESOLVED = """
SELECT client, record FROM signals
WHERE project = $1 AND livemode = $2 AND opened_at < $3 AND status = 'resolved' AND updated_at >= $3
"""
# The last entry of each client in each of the ledger's few currencies: one step of the index each. Amounts are summed
# by denominator, here as well as in the other sums.
PAID = """
SELECT currency, den AS exact_den, sum(num::numeric) AS exact_num
FROM (
    SELECT client FROM signals WHERE project = $1 AND livemode = $2 AND opened_at < $4 AND status <> 'resolved'
    UNION SELECT unnest($5::text[])
) AS risky (client)
CROSS JOIN unnest($6::text[]) AS wanted (currency) CROSS JOIN LATERAL (
    SELECT exact_after FROM movements
    WHERE project = $1 AND livemode = $2 AND generation = $3 AND movements.client = risky.client
      AND movements.currency = wanted.currency AND occurred_at < $4
    ORDER BY occurred_at DESC, id DESC LIMIT 1
) AS last
CROSS JOIN LATERAL (
    SELECT split_part(exact_after, '/', 1) AS num, coalesce(nullif(split_part(exact_after, '/', 2), ''), '1') AS den
) AS parts
GROUP BY currency, den
"""


async def revenue_at_risk(connection: Connection, scope: Scope, at: datetime) -> Mapping[str, Fraction]:
    """Exact MRR that clients with an open signal had just before `at`, by currency."""
    resolved = await connection.fetch(RESOLVED, scope.project, scope.livemode, at)
    later = sorted({row["client"] for row in resolved if _lasted(row["record"], at)})
    currencies = [row["currency"] for row in await connection.fetch(CURRENCIES, *scope.key)]
    found = by_currency(await connection.fetch(PAID, *scope.key, at, later, currencies))
    return {code: amount for code, amount in found.items() if amount}


def _lasted(record: bytes, at: datetime) -> bool:
    resolved = decode(record, SignalRecord).resolved_at
    return resolved is None or resolved >= at
