"""The ledger as a table, its daily sums, subscriptions, invoices, refunds and cards as they stand, other definitions."""

from alembic import op

from deploy.migrations.tenancy import wall

revision = "m0011"
down_revision = "m0010"
branch_labels = None
depends_on = None

# Behind row-level security an index is used only through comparisons that can't leak: text, bigint, date, timestamptz.
# So amounts (numeric) are in no key; a denominator that is part of one is kept as text.
STATEMENTS = (
    """
CREATE TABLE ledgers (
    project text PRIMARY KEY,
    generation integer NOT NULL DEFAULT 0,
    timezone text NOT NULL,
    settings bigint NOT NULL DEFAULT 0,
    counted_by text,
    building integer,
    building_timezone text,
    building_counted_by text,
    building_settings bigint,
    built_up_to text,
    clients_done bigint NOT NULL DEFAULT 0,
    clients_total bigint NOT NULL DEFAULT 0,
    started_at timestamptz,
    finished_at timestamptz
)
""",
    """
CREATE TABLE movements (
    project text NOT NULL,
    livemode boolean NOT NULL,
    generation integer NOT NULL,
    id text NOT NULL,
    client text NOT NULL,
    kind text NOT NULL,
    currency text NOT NULL,
    occurred_at timestamptz NOT NULL,
    amount_num numeric NOT NULL,
    amount_den numeric NOT NULL,
    exact_before text NOT NULL,
    exact_after text NOT NULL,
    customer text,
    subscription text,
    reason text,
    plan_change text,
    cancellation_reason text,
    cancellation_feedback text,
    estimated boolean NOT NULL,
    settings bigint NOT NULL,
    revision bigint NOT NULL,
    recorded_at timestamptz,
    own text NOT NULL,
    caused_by text[] NOT NULL,
    PRIMARY KEY (project, livemode, generation, id)
)
""",
    "CREATE INDEX movements_by_time ON movements (project, livemode, generation, occurred_at, id)",
    "CREATE INDEX movements_by_client ON movements (project, livemode, generation, client, occurred_at, id)",
    "CREATE INDEX movements_by_kind ON movements (project, livemode, generation, kind, occurred_at, id)",
    """
CREATE TABLE ledger_cells (
    project text NOT NULL,
    livemode boolean NOT NULL,
    generation integer NOT NULL,
    measure text NOT NULL,
    day date NOT NULL,
    edge date NOT NULL,
    currency text NOT NULL,
    label text NOT NULL,
    den text NOT NULL,
    num numeric NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (project, livemode, generation, measure, day, edge, currency, label, den)
)
""",
    """
CREATE TABLE subscriptions (
    project text NOT NULL,
    livemode boolean NOT NULL,
    subscription text NOT NULL,
    customer text NOT NULL,
    client text,
    told_at timestamptz,
    told_rank smallint NOT NULL DEFAULT 0,
    final boolean NOT NULL DEFAULT false,
    status text,
    plans text[] NOT NULL DEFAULT '{}',
    currency text,
    started_at timestamptz,
    renews_at timestamptz,
    ends_at timestamptz,
    ended_at timestamptz,
    canceled_at timestamptz,
    cancellation_reason text,
    cancellation_feedback text,
    trial_began timestamptz,
    trial_ends timestamptz,
    trial_ended timestamptz,
    trial_converted timestamptz,
    mrr_num numeric NOT NULL DEFAULT 0,
    mrr_den numeric NOT NULL DEFAULT 1,
    mrr_currency text,
    counted boolean NOT NULL DEFAULT false,
    rule text,
    share_revision text NOT NULL DEFAULT '',
    PRIMARY KEY (project, livemode, subscription)
)
""",
    "CREATE INDEX subscriptions_by_customer ON subscriptions (project, livemode, customer)",
    "CREATE INDEX subscriptions_by_client ON subscriptions (project, livemode, client, subscription)",
    "CREATE INDEX subscriptions_by_status ON subscriptions (project, livemode, status, subscription)",
    """
CREATE INDEX subscriptions_by_end ON subscriptions (project, livemode, ends_at, subscription)
INCLUDE (mrr_currency, mrr_num, mrr_den, final) WHERE ends_at IS NOT NULL AND NOT final
""",
    """
CREATE INDEX subscriptions_by_renewal ON subscriptions (project, livemode, renews_at, subscription)
WHERE renews_at IS NOT NULL AND NOT final
""",
    """
CREATE INDEX subscriptions_by_cancellation ON subscriptions (project, livemode, canceled_at, subscription)
WHERE canceled_at IS NOT NULL
""",
    """
CREATE INDEX subscriptions_by_trial ON subscriptions (project, livemode, trial_began, subscription)
WHERE trial_began IS NOT NULL
""",
    """
CREATE TABLE invoices (
    project text NOT NULL,
    livemode boolean NOT NULL,
    invoice text NOT NULL,
    customer text NOT NULL,
    subscription text,
    told_at timestamptz NOT NULL,
    told_rank smallint NOT NULL,
    status text NOT NULL,
    currency text NOT NULL,
    amount_due bigint NOT NULL,
    amount_paid bigint NOT NULL,
    amount_remaining bigint NOT NULL,
    attempts integer NOT NULL,
    next_attempt_at timestamptz,
    created_at timestamptz NOT NULL,
    due_at timestamptz,
    paid_at timestamptz,
    paid_first timestamptz,
    paid_first_rank smallint,
    paid_when timestamptz,
    paid_amount bigint,
    PRIMARY KEY (project, livemode, invoice)
)
""",
    "CREATE INDEX invoices_by_customer ON invoices (project, livemode, customer, created_at, invoice)",
    "CREATE INDEX invoices_by_status ON invoices (project, livemode, status, created_at, invoice)",
    """
CREATE INDEX invoices_failed ON invoices (project, livemode, told_at, invoice) WHERE status = 'open' AND attempts > 0
""",
    """
CREATE TABLE refunds (
    project text NOT NULL,
    livemode boolean NOT NULL,
    source text NOT NULL,
    id text NOT NULL,
    charge text NOT NULL,
    told_at timestamptz NOT NULL,
    told_rank smallint NOT NULL,
    refunded_at timestamptz NOT NULL,
    failed boolean NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (project, livemode, charge, source, id)
)
""",
    """
CREATE TABLE cards (
    project text NOT NULL,
    livemode boolean NOT NULL,
    card text NOT NULL,
    customer text NOT NULL,
    told_at timestamptz NOT NULL,
    told_rank smallint NOT NULL,
    gone boolean NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (project, livemode, card)
)
""",
    """
CREATE INDEX cards_by_expiry ON cards (project, livemode, expires_at, card)
WHERE expires_at IS NOT NULL AND NOT gone
""",
    """
CREATE TABLE definitions_due (
    project text NOT NULL,
    customer text NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (project, customer)
)
""",
    "CREATE INDEX definitions_due_by_time ON definitions_due (due_at)",
    """
CREATE TABLE definitions (
    project text NOT NULL,
    livemode boolean NOT NULL,
    subscription text NOT NULL,
    customer text NOT NULL,
    differs boolean NOT NULL,
    answers text NOT NULL,
    PRIMARY KEY (project, livemode, subscription)
)
""",
    "CREATE INDEX definitions_by_customer ON definitions (project, customer)",
    "CREATE INDEX definitions_differing ON definitions (project, livemode, subscription) WHERE differs",
    """
CREATE TABLE definition_sums (
    project text NOT NULL,
    livemode boolean NOT NULL,
    preset text NOT NULL,
    label text NOT NULL,
    currency text NOT NULL,
    den text NOT NULL,
    num numeric NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (project, livemode, preset, label, currency, den)
)
""",
    "ALTER TABLE project_settings ADD COLUMN segments jsonb NOT NULL DEFAULT '{}'",
    "ALTER TABLE failed_payments ADD COLUMN told_at timestamptz, ADD COLUMN told_rank smallint",
)
WALLED = (
    "ledgers",
    "movements",
    "ledger_cells",
    "subscriptions",
    "invoices",
    "refunds",
    "cards",
    "definitions_due",
    "definitions",
    "definition_sums",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in WALLED:
        for statement in wall(table):
            op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
