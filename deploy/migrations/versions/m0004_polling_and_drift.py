"""How far each account's events were polled, and what the comparison with Stripe found."""

from alembic import op

from deploy.migrations.tenancy import wall

revision = "m0004"
down_revision = "m0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
CREATE TABLE event_cursors (
    project text NOT NULL,
    connection text NOT NULL,
    polled_until timestamptz,
    last_success_at timestamptz,
    last_error jsonb,
    PRIMARY KEY (project, connection),
    FOREIGN KEY (project, connection) REFERENCES connections (project, id)
)
""",
    """
CREATE TABLE drift_reports (
    project text NOT NULL,
    connection text NOT NULL,
    checked_at timestamptz NOT NULL,
    found integer NOT NULL,
    fixed integer NOT NULL,
    objects jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (project, connection, checked_at),
    FOREIGN KEY (project, connection) REFERENCES connections (project, id)
)
""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("event_cursors", "drift_reports"):
        for statement in wall(table):
            op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
