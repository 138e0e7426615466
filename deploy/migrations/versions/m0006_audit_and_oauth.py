"""Who changed what, chained by hashes; connections by OAuth; what the webhook's edge sees of each project."""

from alembic import op

from deploy.migrations.tenancy import EVERY_PROJECT, ONE_PROJECT, grant, wall

revision = "m0006"
down_revision = "m0005"
branch_labels = None
depends_on = None

# The details are text as it was hashed. The head is kept apart, so that entries missing at the end are noticed too.
AUDIT = (
    """
CREATE TABLE audit_log (
    project text NOT NULL,
    number bigint NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    details text NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (project, number)
)
""",
    "CREATE TABLE audit_heads (project text PRIMARY KEY, number bigint NOT NULL, hash bytea NOT NULL)",
    """
CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entries of audit_log are never changed or deleted';
END
$$
""",
    """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_log_is_append_only()
""",
)
APPENDED_ONLY = (
    "ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE audit_log FORCE ROW LEVEL SECURITY",
    f"CREATE POLICY one_project ON audit_log USING (project = {ONE_PROJECT})",
    f"CREATE POLICY every_project ON audit_log TO CURRENT_USER USING ({EVERY_PROJECT})",
    grant("audit_log", "SELECT, INSERT"),
)
OAUTH = (
    "ALTER TABLE connections ADD COLUMN method text NOT NULL DEFAULT 'key', ADD COLUMN scope text",
    """
CREATE TABLE oauth_states (
    sha256 bytea PRIMARY KEY,
    project text NOT NULL REFERENCES projects (id),
    key text NOT NULL,
    livemode boolean NOT NULL,
    scope text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    code_sha256 bytea UNIQUE,
    outcome text
)
""",
    """
CREATE TABLE deauthorizations (
    project text NOT NULL,
    connection text NOT NULL,
    account text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    next_try_at timestamptz NOT NULL DEFAULT now(),
    tries integer NOT NULL DEFAULT 0,
    last_error jsonb,
    done_at timestamptz,
    PRIMARY KEY (project, connection, asked_at)
)
""",
    "CREATE INDEX deauthorizations_due ON deauthorizations (next_try_at) WHERE done_at IS NULL",
)
EDGE = (
    "ALTER TABLE webhook_secrets ADD COLUMN unreadable_since timestamptz",
    """
CREATE TABLE webhook_health (
    project text NOT NULL,
    account text NOT NULL,
    livemode boolean NOT NULL,
    accepted bigint NOT NULL DEFAULT 0,
    accepted_at timestamptz,
    skew_seconds double precision,
    wrong_mode bigint NOT NULL DEFAULT 0,
    wrong_mode_at timestamptz,
    PRIMARY KEY (project, account, livemode)
)
""",
    """
CREATE TABLE webhook_refusals (
    project text PRIMARY KEY,
    refused bigint NOT NULL DEFAULT 0,
    refused_at timestamptz NOT NULL
)
""",
)


def upgrade() -> None:
    for statement in (*AUDIT, *APPENDED_ONLY, *OAUTH, *EDGE):
        op.execute(statement)
    for table in ("audit_heads", "oauth_states", "deauthorizations", "webhook_health", "webhook_refusals"):
        for statement in wall(table):
            op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
