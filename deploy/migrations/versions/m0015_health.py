"""How clients are doing, as the alerts service tells it; what a project has set of risk and health."""

from alembic import op

from deploy.migrations.tenancy import wall

revision = "m0015"
down_revision = "m0014"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
CREATE TABLE client_health (
    project text NOT NULL,
    client text NOT NULL,
    livemode boolean NOT NULL,
    score integer NOT NULL,
    as_of timestamptz NOT NULL,
    record bytea NOT NULL,
    PRIMARY KEY (project, client)
)
""",
    "CREATE INDEX client_health_by_score ON client_health (project, livemode, score, client)",
    "ALTER TABLE project_settings ADD COLUMN risk jsonb NOT NULL DEFAULT '{}'",
    "ALTER TABLE project_settings ADD COLUMN health jsonb NOT NULL DEFAULT '{}'",
)


def upgrade() -> None:
    for statement in (*STATEMENTS, *wall("client_health")):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
