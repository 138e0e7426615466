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
NEWEST = """
SELECT customer, max(created) AS newest FROM object_versions
WHERE project = $1 AND customer = ANY($2::text[]) AND kind IN ('subscription', 'customer', 'discount', 'invoice')
GROUP BY customer
"""


@dataclass(frozen=True, slots=True)
class ClientVersions:
    """A client's held record (None: it never had revenue), and all versions by customer with the newest instant that
    any fact tells of."""

    livemode: bool
    record: bytes | None
    versions: Mapping[str, Sequence[bytes]]
    newest: Mapping[str, datetime]


async def of_client(connection: Connection, project: str, client: str) -> ClientVersions | None:
    """Everything that explains the client's figure."""
    held = await connection.fetchrow(CLIENT, project, client)
    if held is None:
        return None
    versions: dict[str, list[bytes]] = {customer: [] for customer in held["customers"]}
    for row in await connection.fetch(VERSIONS, project, held["customers"]):
        versions[row["customer"]].append(row["record"])
    newest = {row["customer"]: row["newest"] for row in await connection.fetch(NEWEST, project, held["customers"])}
    return ClientVersions(held["livemode"], held["record"], versions, newest)
