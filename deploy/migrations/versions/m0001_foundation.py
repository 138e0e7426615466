"""Projects, keys, secrets, connections and settings; the read model with its offsets."""

from alembic import op

from deploy.migrations.tenancy import CREATE_APP_ROLE, JOIN_APP_ROLE, grant, wall

revision = "m0001"
down_revision = None
branch_labels = None
depends_on = None

WHAT_PEOPLE_SET = """
CREATE TABLE projects (
    id text PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE api_keys (
    project text NOT NULL REFERENCES projects (id),
    id text NOT NULL,
    label text NOT NULL,
    prefix text NOT NULL,
    sha256 bytea NOT NULL UNIQUE,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (project, id)
);
CREATE TABLE webhook_secrets (
    project text NOT NULL REFERENCES projects (id),
    id text NOT NULL,
    secret bytea NOT NULL,
    key_id text NOT NULL,
    hint text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    PRIMARY KEY (project, id)
);
CREATE TABLE connections (
    project text NOT NULL REFERENCES projects (id),
    id text NOT NULL,
    account text NOT NULL,
    livemode boolean NOT NULL,
    name text,
    state text NOT NULL,
    credential bytea,
    key_id text,
    connected_at timestamptz NOT NULL DEFAULT now(),
    disconnected_at timestamptz,
    PRIMARY KEY (project, id),
    UNIQUE (project, account, livemode)
);
CREATE TABLE project_settings (
    project text PRIMARY KEY REFERENCES projects (id),
    version bigint NOT NULL,
    published_version bigint NOT NULL DEFAULT 0,
    preset text NOT NULL,
    policy jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
"""

# Rows of the read model have no foreign keys: they follow the topics, which may hold a project before we know it.
READ_MODEL = """
CREATE TABLE read_model_offsets (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);
CREATE TABLE read_model_state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    as_of timestamptz,
    seen_at timestamptz NOT NULL,
    lag bigint NOT NULL
);
CREATE TABLE clients (
    project text NOT NULL,
    client text NOT NULL,
    livemode boolean NOT NULL,
    revision bigint NOT NULL,
    status text NOT NULL,
    name text NOT NULL,
    search text NOT NULL,
    customers text[] NOT NULL,
    active_subscriptions integer NOT NULL,
    active_subscribers integer NOT NULL,
    mrr numeric NOT NULL,
    incomplete integer NOT NULL,
    as_of timestamptz NOT NULL,
    record bytea NOT NULL,
    PRIMARY KEY (project, client)
);
CREATE INDEX clients_by_mrr ON clients (project, livemode, mrr, client);
CREATE INDEX clients_by_name ON clients (project, livemode, name, client);
CREATE TABLE client_mrr (
    project text NOT NULL,
    client text NOT NULL,
    currency text NOT NULL,
    livemode boolean NOT NULL,
    exact_num numeric NOT NULL,
    exact_den numeric NOT NULL,
    minor numeric NOT NULL,
    PRIMARY KEY (project, client, currency)
);
CREATE TABLE customers (
    project text NOT NULL,
    livemode boolean NOT NULL,
    customer text NOT NULL,
    deleted boolean NOT NULL,
    PRIMARY KEY (project, livemode, customer)
);
CREATE TABLE object_versions (
    project text NOT NULL,
    customer text NOT NULL,
    object_id text NOT NULL,
    created timestamptz NOT NULL,
    rank smallint NOT NULL,
    digest bytea NOT NULL,
    kind text NOT NULL,
    account text NOT NULL,
    livemode boolean NOT NULL,
    event_id text,
    source text NOT NULL,
    record bytea NOT NULL,
    PRIMARY KEY (project, customer, object_id, created, rank, digest)
);
CREATE TABLE failed_payments (
    project text NOT NULL,
    invoice text NOT NULL,
    attempt integer NOT NULL,
    livemode boolean NOT NULL,
    customer text NOT NULL,
    failed_at timestamptz NOT NULL,
    PRIMARY KEY (project, invoice, attempt)
);
CREATE INDEX failed_payments_by_time ON failed_payments (project, livemode, failed_at);
CREATE TABLE signals (
    project text NOT NULL,
    id text NOT NULL,
    client text NOT NULL,
    customer text NOT NULL,
    livemode boolean NOT NULL,
    rule text NOT NULL,
    severity text NOT NULL,
    status text NOT NULL,
    opened_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    record bytea NOT NULL,
    PRIMARY KEY (project, id)
);
CREATE INDEX signals_by_time ON signals (project, livemode, opened_at, id);
CREATE INDEX signals_unresolved ON signals (project, client) WHERE status <> 'resolved';
"""

WALLED = (
    "api_keys",
    "webhook_secrets",
    "connections",
    "project_settings",
    "clients",
    "client_mrr",
    "customers",
    "object_versions",
    "failed_payments",
    "signals",
)


def upgrade() -> None:
    op.execute(CREATE_APP_ROLE)
    op.execute(JOIN_APP_ROLE)
    for statement in (*_statements(WHAT_PEOPLE_SET), *_statements(READ_MODEL)):
        op.execute(statement)
    for statement in wall("projects", "id"):
        op.execute(statement)
    for table in WALLED:
        for statement in wall(table):
            op.execute(statement)
    for table in ("read_model_offsets", "read_model_state"):
        op.execute(grant(table, "SELECT"))


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")


def _statements(script: str) -> list[str]:
    return [statement for statement in script.split(";\n") if statement.strip()]
