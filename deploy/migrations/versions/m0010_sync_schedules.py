"""When accounts are read by themselves, how far a list is, and when a failed poll is tried again."""

from alembic import op

from deploy.migrations.tenancy import wall

revision = "m0010"
down_revision = "m0009"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
CREATE TABLE sync_schedules (
    project text PRIMARY KEY REFERENCES projects (id),
    days integer[] NOT NULL,
    opens integer NOT NULL,
    closes integer NOT NULL,
    interval_minutes integer
)
""",
    # Of a poll that failed; in the row, so that every process of ingest waits.
    "ALTER TABLE event_cursors ADD COLUMN again_at timestamptz",
    # How much of the time that a list goes back over was read, in thousandths; null where that can't be told.
    "ALTER TABLE sync_resources ADD COLUMN reached integer",
    "ALTER TABLE sync_runs ADD COLUMN manual boolean NOT NULL DEFAULT false",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for statement in wall("sync_schedules"):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
