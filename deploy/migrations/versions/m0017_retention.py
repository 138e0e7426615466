"""When old records were last purged."""

from alembic import op

revision = "m0017"
down_revision = "m0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE ledgers ADD COLUMN purged_at timestamptz")


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
