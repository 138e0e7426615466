"""When an account was connected last: news that access was revoked may be older than that."""

from alembic import op

revision = "m0014"
down_revision = "m0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE connections ADD COLUMN authorized_at timestamptz NOT NULL DEFAULT now()")


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
