"""What was at risk at an earlier instant: which clients had an open signal then, and what they paid."""

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction

from libs.wire.codec import decode
from libs.wire.records import SignalRecord
from services.api.database import Connection
from services.api.queries.figures import by_currency
from services.api.queries.ledger import Scope
from services.api.queries.movements import CURRENCIES, HERE

# A signal was last told of when it was resolved, or later.
RESOLVED = """
SELECT client, record FROM signals
WHERE project = $1 AND livemode = $2 AND opened_at < $3 AND status = 'resolved' AND updated_at >= $3
"""
RISKY = """
SELECT client FROM signals WHERE project = $1 AND livemode = $2 AND opened_at < $4 AND status <> 'resolved'
UNION SELECT unnest($5::text[])
"""
# The last entry of each client: one step of the index, where the ledger has one currency.
LAST = f"""
SELECT currency, exact_after FROM ({RISKY}) AS risky (client) CROSS JOIN LATERAL (
    SELECT currency, exact_after FROM movements
    WHERE {HERE} AND movements.client = risky.client AND occurred_at < $4 ORDER BY occurred_at DESC, id DESC LIMIT 1
) AS last
"""  # noqa: S608 – our own words, values are parameters
# The last one in each currency that a client has: its entries are read once, however many currencies the ledger has.
LAST_OF_EACH = f"""
SELECT DISTINCT ON (client, currency) currency, exact_after FROM movements
WHERE {HERE} AND client = ANY(ARRAY({RISKY})) AND occurred_at < $4
ORDER BY client DESC, currency, occurred_at DESC, id DESC
"""  # noqa: S608
# Equal amounts are read once; all are summed by denominator, here as well as in the other sums.
SUM = """
SELECT currency, den AS exact_den, sum(num::numeric * n) AS exact_num
FROM (SELECT currency, exact_after, count(*) AS n FROM ({last}) AS last GROUP BY currency, exact_after) AS paid
CROSS JOIN LATERAL (
    SELECT split_part(exact_after, '/', 1) AS num, coalesce(nullif(split_part(exact_after, '/', 2), ''), '1') AS den
) AS parts
GROUP BY currency, den
"""
PAID, PAID_IN_EACH = SUM.format(last=LAST), SUM.format(last=LAST_OF_EACH)


async def revenue_at_risk(connection: Connection, scope: Scope, at: datetime) -> Mapping[str, Fraction]:
    """Exact MRR that clients with an open signal had just before `at`, by currency."""
    resolved = await connection.fetch(RESOLVED, scope.project, scope.livemode, at)
    later = sorted({row["client"] for row in resolved if _lasted(row["record"], at)})
    currencies = await connection.fetch(CURRENCIES, *scope.key)
    paid = PAID if len(currencies) == 1 else PAID_IN_EACH
    found = by_currency(await connection.fetch(paid, *scope.key, at, later))
    return {code: amount for code, amount in found.items() if amount}


def _lasted(record: bytes, at: datetime) -> bool:
    resolved = decode(record, SignalRecord).resolved_at
    return resolved is None or resolved >= at
