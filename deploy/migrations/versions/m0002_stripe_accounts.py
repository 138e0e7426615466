"""What a connection's key may read, what prices and coupons cost, and how the reading of an account goes."""

from alembic import op

from deploy.migrations.tenancy import wall

revision = "m0002"
down_revision = "m0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE connections ADD COLUMN permissions jsonb NOT NULL DEFAULT '[]', ADD COLUMN error jsonb",
    """
CREATE TABLE catalogue (
    project text NOT NULL,
    account text NOT NULL,
    livemode boolean NOT NULL,
    kind text NOT NULL,
    id text NOT NULL,
    terms bytea NOT NULL,
    PRIMARY KEY (project, account, livemode, kind, id)
)
""",
    """
CREATE TABLE sync_runs (
    project text NOT NULL,
    id text NOT NULL,
    connection text NOT NULL,
    mode text NOT NULL,
    state text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    error jsonb,
    PRIMARY KEY (project, id),
    FOREIGN KEY (project, connection) REFERENCES connections (project, id)
)
""",
    "CREATE UNIQUE INDEX sync_runs_one_at_a_time ON sync_runs (project, connection)"
    " WHERE state IN ('queued', 'running')",
    "CREATE INDEX sync_runs_by_time ON sync_runs (project, requested_at, id)",
    """
CREATE TABLE sync_resources (
    project text NOT NULL,
    run text NOT NULL,
    name text NOT NULL,
    place smallint NOT NULL,
    state text NOT NULL,
    rows bigint NOT NULL DEFAULT 0,
    pages bigint NOT NULL DEFAULT 0,
    cursor text,
    last_error jsonb,
    PRIMARY KEY (project, run, name),
    FOREIGN KEY (project, run) REFERENCES sync_runs (project, id)
)
""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("catalogue", "sync_runs", "sync_resources"):
        for statement in wall(table):
            op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
