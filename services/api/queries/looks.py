"""What every answer about revenue needs first: how the project counts, which ledger is shown, how fresh it all is."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from libs.domain.policy import DEFAULT, Policy
from services.api.database import Connection
from services.api.freshness import Freshness, freshness_at
from services.api.queries.ledger import Building, Scope
from services.api.queries.projects import policy_text

# In one round trip. Live data is meant where there is any, or none at all; EXISTS stops at the first row.
LOOK = """
SELECT preset, policy::text AS policy, generation, timezone, book.settings, building, clients_done, clients_total,
       as_of,
       CASE WHEN $2::boolean IS NOT NULL THEN $2
            ELSE EXISTS (SELECT FROM customers WHERE project = $1 AND livemode)
              OR EXISTS (SELECT FROM clients WHERE project = $1 AND livemode)
              OR NOT (EXISTS (SELECT FROM customers WHERE project = $1 AND NOT livemode)
                   OR EXISTS (SELECT FROM clients WHERE project = $1 AND NOT livemode)) END AS livemode
FROM (SELECT) AS one
LEFT JOIN project_settings AS held ON held.project = $1
LEFT JOIN ledgers AS book ON book.project = $1
LEFT JOIN read_model_state ON true
"""


@dataclass(frozen=True, slots=True)
class Look:
    """One consistent look at a project: its policy with the ledger's zone, mode, and ledger."""

    connection: Connection
    policy: Policy
    scope: Scope
    fresh: Freshness

    @property
    def today(self) -> date:
        return datetime.now(ZoneInfo(self.scope.timezone)).date()


async def look(connection: Connection, project: str, mode: str | None) -> Look:
    """The project as it stands; of the mode asked for, else of live data where there is any."""
    row = await connection.fetchrow(LOOK, project, None if mode is None else mode == "live")
    assert row is not None
    policy = DEFAULT if row["preset"] is None else policy_text(row["preset"], row["policy"])
    fresh = freshness_at(row["as_of"], datetime.now(UTC))
    if row["generation"] is None:
        return Look(connection, policy, Scope(project, row["livemode"], 0, policy.timezone), fresh)
    building = None if row["building"] is None else Building(row["clients_done"], row["clients_total"])
    scope = Scope(project, row["livemode"], row["generation"], row["timezone"], row["settings"], building)
    return Look(connection, replace(policy, timezone=scope.timezone), scope, fresh)
