"""Delivery of signals: the log that the stream and the endpoints read, endpoints, deliveries, rules on metrics."""

from alembic import op

from deploy.migrations.tenancy import wall

revision = "m0007"
down_revision = "m0006"
branch_labels = None
depends_on = None

# Nothing of this is dropped with the read model: what was told must not be told again when that is rebuilt.
STREAM = """
CREATE TABLE stream_sequences (
    project text PRIMARY KEY,
    last bigint NOT NULL
);
CREATE TABLE stream_log (
    project text NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL,
    change_id text NOT NULL,
    livemode boolean NOT NULL,
    client text NOT NULL,
    rule text NOT NULL,
    severity text NOT NULL,
    status text NOT NULL,
    content bytea NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project, seq),
    UNIQUE (project, change_id)
);
CREATE INDEX stream_log_by_age ON stream_log (recorded_at);
CREATE TABLE signal_heads (
    project text NOT NULL,
    id text NOT NULL,
    updated_at timestamptz NOT NULL,
    status text NOT NULL,
    digest bytea NOT NULL,
    partition integer NOT NULL,
    topic_offset bigint NOT NULL,
    PRIMARY KEY (project, id)
);
"""
ENDPOINTS = """
CREATE TABLE webhook_endpoints (
    project text NOT NULL REFERENCES projects (id),
    id text NOT NULL,
    kind text NOT NULL,
    shown_url text NOT NULL,
    url bytea NOT NULL,
    url_key_id text NOT NULL,
    description text NOT NULL,
    rules text[] NOT NULL,
    min_severity text NOT NULL,
    livemode boolean NOT NULL,
    digest jsonb,
    state text NOT NULL,
    disabled_reason text,
    failing_since timestamptz,
    last_success_at timestamptz,
    reached bigint NOT NULL,
    secret bytea NOT NULL,
    key_id text NOT NULL,
    old_secret bytea,
    old_key_id text,
    old_secret_until timestamptz,
    created_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (project, id)
);
CREATE TABLE deliveries (
    project text NOT NULL,
    id text NOT NULL,
    endpoint text NOT NULL,
    change_id text NOT NULL,
    kind text NOT NULL,
    lane text,
    seq bigint NOT NULL,
    body bytea NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    redelivery_of text,
    PRIMARY KEY (project, id),
    FOREIGN KEY (project, endpoint) REFERENCES webhook_endpoints (project, id)
);
CREATE UNIQUE INDEX deliveries_once ON deliveries (project, endpoint, change_id) WHERE redelivery_of IS NULL;
CREATE INDEX deliveries_due ON deliveries (next_attempt_at) WHERE state = 'pending' AND next_attempt_at IS NOT NULL;
CREATE INDEX deliveries_waiting ON deliveries (project, endpoint, lane, seq) WHERE state = 'pending';
CREATE INDEX deliveries_by_time ON deliveries (project, endpoint, created_at, id);
CREATE TABLE delivery_attempts (
    project text NOT NULL,
    delivery text NOT NULL,
    number integer NOT NULL,
    attempted_at timestamptz NOT NULL,
    milliseconds integer NOT NULL,
    status integer,
    answer text,
    error text,
    PRIMARY KEY (project, delivery, number)
);
CREATE TABLE digests (
    project text NOT NULL,
    endpoint text NOT NULL,
    period text NOT NULL,
    composed_at timestamptz NOT NULL,
    PRIMARY KEY (project, endpoint, period)
);
"""
METRIC_RULES = """
CREATE TABLE alert_rules (
    project text NOT NULL REFERENCES projects (id),
    id text NOT NULL,
    name text NOT NULL,
    condition jsonb NOT NULL,
    severity text NOT NULL,
    livemode boolean NOT NULL,
    enabled boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    evaluated_at timestamptz,
    value text,
    PRIMARY KEY (project, id)
);
CREATE TABLE metric_signals (
    project text NOT NULL,
    id text NOT NULL,
    rule text NOT NULL,
    status text NOT NULL,
    opened_at timestamptz NOT NULL,
    record bytea NOT NULL,
    changed bigint NOT NULL,
    published bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (project, id)
);
CREATE INDEX metric_signals_by_rule ON metric_signals (project, rule, opened_at);
CREATE INDEX metric_signals_unpublished ON metric_signals (project, id) WHERE published < changed;
"""
WALLED = (
    "stream_sequences",
    "stream_log",
    "signal_heads",
    "webhook_endpoints",
    "deliveries",
    "delivery_attempts",
    "digests",
    "alert_rules",
    "metric_signals",
)


def upgrade() -> None:
    for script in (STREAM, ENDPOINTS, METRIC_RULES):
        for statement in script.split(";\n"):
            if statement.strip():
                op.execute(statement)
    for table in WALLED:
        for statement in wall(table):
            op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
