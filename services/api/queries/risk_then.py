"""What was at risk at an earlier instant: which clients had an open signal then, and what they paid."""

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction

from libs.wire.codec import decode
from libs.wire.contribution_codec import exact_amount
from libs.wire.records import SignalRecord
from services.api.database import Connection
from services.api.queries.ledger import Scope

# A signal was last told of when it was resolved, or later.
OPENED = """
SELECT client, status, record FROM signals
WHERE project = $1 AND livemode = $2 AND opened_at < $3 AND (status <> 'resolved' OR updated_at >= $3)
"""
PAID = """
SELECT currency, exact_after FROM unnest($5::text[]) AS risky (client) CROSS JOIN LATERAL (
    SELECT DISTINCT ON (currency) currency, exact_after FROM movements
    WHERE project = $1 AND livemode = $2 AND generation = $3 AND movements.client = risky.client AND occurred_at < $4
    ORDER BY currency, occurred_at DESC, id DESC
) AS last
"""


async def revenue_at_risk(connection: Connection, scope: Scope, at: datetime) -> Mapping[str, Fraction]:
    """Exact MRR that clients with an open signal had just before `at`, by currency."""
    opened = await connection.fetch(OPENED, scope.project, scope.livemode, at)
    risky = {row["client"] for row in opened if row["status"] != "resolved" or _lasted(row["record"], at)}
    found: dict[str, Fraction] = {}
    for row in await connection.fetch(PAID, *scope.key, at, sorted(risky)):
        found[row["currency"]] = found.get(row["currency"], Fraction(0)) + exact_amount(row["exact_after"])
    return {code: amount for code, amount in found.items() if amount}


def _lasted(record: bytes, at: datetime) -> bool:
    resolved = decode(record, SignalRecord).resolved_at
    return resolved is None or resolved >= at
