"""How fast each Stripe account may be read, shared by all processes: slots that are leased, and pauses.

An account may be connected to several projects, and Stripe counts its calls in one: no project is in these tables.
"""

from alembic import op

from deploy.migrations.tenancy import grant

revision = "m0008"
down_revision = "m0007"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
CREATE TABLE read_slots (
    budget text NOT NULL,
    slot smallint NOT NULL,
    usable_at timestamptz NOT NULL DEFAULT '-infinity',
    leased_until timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (budget, slot)
) WITH (fillfactor = 50)
""",
    """
CREATE TABLE read_pauses (
    budget text NOT NULL,
    resource text NOT NULL,
    until timestamptz NOT NULL,
    strikes integer NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (budget, resource)
)
""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("read_slots", "read_pauses"):
        op.execute(grant(table, "SELECT, INSERT, UPDATE"))


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
