"""Objects that wait to be read again at Stripe, and how far the versions were searched for such."""

from alembic import op

from deploy.migrations.tenancy import wall

revision = "m0013"
down_revision = "m0012"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
CREATE TABLE refetches (
    project text NOT NULL,
    account text NOT NULL,
    livemode boolean NOT NULL,
    kind text NOT NULL,
    object_id text NOT NULL,
    after timestamptz,
    owner text NOT NULL,
    claimed_until timestamptz NOT NULL,
    PRIMARY KEY (project, account, livemode, kind, object_id)
)
""",
    "CREATE INDEX refetches_by_owner ON refetches (owner)",
    "CREATE TABLE sweeps (name text PRIMARY KEY, swept_until timestamptz NOT NULL, swept_at timestamptz NOT NULL)",
)


def upgrade() -> None:
    for statement in (*STATEMENTS, *wall("refetches")):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
