"""A client's own signals and payments by index; what a project has set of mapping and retention."""

from alembic import op

from deploy.migrations.tenancy import wall

revision = "m0016"
down_revision = "m0015"
branch_labels = None
depends_on = None

STATEMENTS = (
    "CREATE INDEX signals_by_client ON signals (project, livemode, client, opened_at, id)",
    "CREATE INDEX failed_payments_by_customer ON failed_payments (project, livemode, customer, failed_at, invoice)",
    "CREATE INDEX invoices_paid ON invoices (project, livemode, customer, paid_at, invoice) WHERE paid_at IS NOT NULL",
    "ALTER TABLE project_settings ADD COLUMN mapping jsonb NOT NULL DEFAULT '{}',"
    " ADD COLUMN retention_tier text NOT NULL DEFAULT 'unlimited'",
    """
CREATE TABLE erasures (
    project text NOT NULL,
    customer text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (project, customer)
)
""",
    "CREATE INDEX erasures_unfinished ON erasures (requested_at) WHERE finished_at IS NULL",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for statement in wall("erasures"):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
