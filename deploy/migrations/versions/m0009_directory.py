"""The directory of clients: what people say of them, and what the streams have to be told of it."""

from alembic import op

from deploy.migrations.tenancy import wall

revision = "m0009"
down_revision = "m0008"
branch_labels = None
depends_on = None

# A deleted entry stays with its version, so that an entry of the same id made later counts on from there.
STATEMENTS = (
    """
CREATE TABLE directory (
    project text NOT NULL,
    client text NOT NULL,
    version bigint NOT NULL,
    published_version bigint NOT NULL DEFAULT 0,
    deleted boolean NOT NULL DEFAULT false,
    name text,
    stakeholder_emails text[] NOT NULL DEFAULT '{}',
    domains text[] NOT NULL DEFAULT '{}',
    stripe_customers text[] NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project, client)
)
""",
    "CREATE INDEX directory_unpublished ON directory (project, client) WHERE published_version < version",
    """
CREATE TABLE directory_claims (
    project text NOT NULL,
    kind text NOT NULL,
    claimed text NOT NULL,
    client text NOT NULL,
    PRIMARY KEY (project, kind, claimed, client),
    FOREIGN KEY (project, client) REFERENCES directory (project, client)
)
""",
    "CREATE UNIQUE INDEX directory_claims_one_by_hand ON directory_claims (project, claimed)"
    " WHERE kind = 'customer'",
    """
CREATE TABLE directory_imports (
    project text NOT NULL,
    id text NOT NULL,
    state text NOT NULL,
    dry_run boolean NOT NULL,
    kind text NOT NULL,
    rows integer NOT NULL,
    stored integer NOT NULL DEFAULT 0,
    published integer NOT NULL DEFAULT 0,
    unchanged integer NOT NULL DEFAULT 0,
    refused integer NOT NULL DEFAULT 0,
    errors jsonb NOT NULL DEFAULT '[]',
    content bytea,
    requested_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (project, id)
)
""",
    "CREATE INDEX directory_imports_unfinished ON directory_imports (requested_at) WHERE finished_at IS NULL",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("directory", "directory_claims", "directory_imports"):
        for statement in wall(table):
            op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
