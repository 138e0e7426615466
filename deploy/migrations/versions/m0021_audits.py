"""What each `revstream audit` found, so that `revstream doctor` can tell of the last one."""

from alembic import op

from deploy.migrations.tenancy import wall

revision = "m0021"
down_revision = "m0020"
branch_labels = None
depends_on = None

# `checks`: of each check its part, how many were compared and how many differed; `notes`: what was left out, and why.
TABLE = """
CREATE TABLE audits (
    project text NOT NULL,
    at timestamptz NOT NULL,
    compared bigint NOT NULL,
    differences bigint NOT NULL,
    checks jsonb NOT NULL,
    notes jsonb NOT NULL,
    PRIMARY KEY (project, at)
)
"""


def upgrade() -> None:
    for statement in (TABLE, *wall("audits")):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
