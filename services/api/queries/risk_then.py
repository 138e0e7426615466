"""What was at risk at an earlier instant: which clients had an open signal then, and what they paid."""

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction

from libs.wire.codec import decode
from libs.wire.contribution_codec import exact_amount
from libs.wire.records import SignalRecord
from services.api.database import Connection
from services.api.queries.ledger import Scope
from services.api.queries.movements import CURRENCIES

# A signal was last told of when it was resolved, or later.
OPENED = """
SELECT client, NULL AS record FROM signals
WHERE project = $1 AND livemode = $2 AND opened_at < $3 AND status <> 'resolved'
UNION ALL
SELECT client, record FROM signals
WHERE project = $1 AND livemode = $2 AND opened_at < $3 AND status = 'resolved' AND updated_at >= $3
"""
# The last entry of each client in each of the ledger's few currencies: one step of the index each.
PAID = """
SELECT wanted.currency, last.exact_after FROM unnest($5::text[]) AS risky (client)
CROSS JOIN unnest($6::text[]) AS wanted (currency) CROSS JOIN LATERAL (
    SELECT exact_after FROM movements
    WHERE project = $1 AND livemode = $2 AND generation = $3 AND movements.client = risky.client
      AND movements.currency = wanted.currency AND occurred_at < $4
    ORDER BY occurred_at DESC, id DESC LIMIT 1
) AS last
"""


async def revenue_at_risk(connection: Connection, scope: Scope, at: datetime) -> Mapping[str, Fraction]:
    """Exact MRR that clients with an open signal had just before `at`, by currency."""
    opened = await connection.fetch(OPENED, scope.project, scope.livemode, at)
    risky = {row["client"] for row in opened if row["record"] is None or _lasted(row["record"], at)}
    found: dict[str, Fraction] = {}
    currencies = [row["currency"] for row in await connection.fetch(CURRENCIES, *scope.key)] if risky else []
    for row in await connection.fetch(PAID, *scope.key, at, sorted(risky), currencies):
        found[row["currency"]] = found.get(row["currency"], Fraction(0)) + exact_amount(row["exact_after"])
    return {code: amount for code, amount in found.items() if amount}


def _lasted(record: bytes, at: datetime) -> bool:
    resolved = decode(record, SignalRecord).resolved_at
    return resolved is None or resolved >= at
