"""The raw versions of a client's customers' objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.api.database import Connection

CLIENT = (
    "SELECT coalesce(livemode, true) AS livemode, customers, record FROM clients WHERE project = $1 AND client = $2"
)
# Only what the rules fold; other kinds tell nothing but that time has passed.
VERSIONS = """
SELECT customer, record FROM object_versions
WHERE project = $1 AND customer = ANY($2::text[]) AND kind IN ('subscription', 'customer', 'discount')
ORDER BY customer, object_id, created, rank, digest
"""
REACHED = """
SELECT customer, max(created) AS newest,
       max(created) FILTER (WHERE event_id IS NOT NULL) AS event,
       max(created) FILTER (WHERE event_id IS NULL) AS snapshot
FROM object_versions
WHERE project = $1 AND customer = ANY($2::text[]) AND kind IN ('subscription', 'customer', 'discount', 'invoice')
GROUP BY customer
"""


@dataclass(frozen=True, slots=True)
class Reached:
    """The newest time of any fact of a customer; of any event; of any snapshot."""

    newest: datetime
    event: datetime | None
    snapshot: datetime | None


@dataclass(frozen=True, slots=True)
class ClientVersions:
    """A client's held record (None: it never had revenue), and all versions by customer with the times that all facts
    reach to."""

    livemode: bool
    record: bytes | None
    versions: Mapping[str, Sequence[bytes]]
    reached: Mapping[str, Reached]


async def of_client(connection: Connection, project: str, client: str) -> ClientVersions | None:
    """Everything that explains the client's figure."""
    held = await connection.fetchrow(CLIENT, project, client)
    if held is None:
        return None
    versions: dict[str, list[bytes]] = {customer: [] for customer in held["customers"]}
    for row in await connection.fetch(VERSIONS, project, held["customers"]):
        versions[row["customer"]].append(row["record"])
    rows = await connection.fetch(REACHED, project, held["customers"])
    reached = {row["customer"]: Reached(row["newest"], row["event"], row["snapshot"]) for row in rows}
    return ClientVersions(held["livemode"], held["record"], versions, reached)
