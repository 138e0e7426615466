"""Sums that answers are read from: by segment and risk, by plan, of what is about to end; clients by health and word."""

revision = "m0018"
down_revision = "m0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled in by the next change."""


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
