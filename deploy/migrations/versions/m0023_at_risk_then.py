"""A client's entries in the ledger, and who was at risk at an earlier instant, found with fewer comparisons."""

from alembic import op

revision = "m0023"
down_revision = "m0022"
branch_labels = None
depends_on = None

# Each step down an index compares column by column. The client tells nearly all entries apart, so it comes first:
# project, mode, and generation are compared within one client only.
MOVEMENTS = """
CREATE INDEX movements_by_client ON movements (client, project, livemode, generation, occurred_at, id)
INCLUDE (currency, exact_after)
"""
# Who is at risk since when, and what was resolved since but opened later, without a look at the rows.
UNRESOLVED = """
CREATE INDEX signals_unresolved ON signals (project, client) INCLUDE (livemode, opened_at) WHERE status <> 'resolved'
"""
RESOLVED = """
CREATE INDEX signals_by_update ON signals (project, livemode, updated_at, opened_at) WHERE status = 'resolved'
"""
STATEMENTS = (
    "DROP INDEX movements_by_client",
    MOVEMENTS,
    "DROP INDEX signals_unresolved",
    UNRESOLVED,
    "DROP INDEX signals_by_update",
    RESOLVED,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
