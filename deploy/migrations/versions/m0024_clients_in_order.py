"""Clients in the order of their ids' bytes, in which a ledger is made anew, slice by slice."""

from alembic import op

revision = "m0024"
down_revision = "m0023"
branch_labels = None
depends_on = None

# The API compares ids by their code points, PostgreSQL by its own collation unless it is told: without these, each slice
# of a few hundred clients read all movements of the project.
INDICES = (
    'CREATE INDEX clients_in_order ON clients (project, client COLLATE "C")',
    'CREATE INDEX movements_in_order ON movements (project, livemode, generation, client COLLATE "C")',
)


def upgrade() -> None:
    for statement in INDICES:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
