"""The newest event of an account, and how many came lately, without reading every version there is."""

from alembic import op

revision = "m0005"
down_revision = "m0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX object_versions_by_arrival ON object_versions (project, livemode, source, created)"
        " INCLUDE (account) WHERE source <> 'snapshot'"
    )


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
