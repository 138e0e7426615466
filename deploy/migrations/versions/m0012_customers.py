"""Customers with their client and MRR, kept totals over them, and clients that are known from the directory alone."""

from alembic import op

from deploy.migrations.tenancy import wall

revision = "m0012"
down_revision = "m0011"
branch_labels = None
depends_on = None

# A client of the directory without revenue has a row without a mode. Behind row-level security an index is used only
# through comparisons that can not leak: numerics are not among them, so amounts are sorted by text, as in clients.
STATEMENTS = (
    "ALTER TABLE clients ALTER COLUMN livemode DROP NOT NULL, ALTER COLUMN record DROP NOT NULL,"
    " ADD COLUMN listed boolean NOT NULL DEFAULT false",
    "CREATE INDEX clients_incomplete ON clients (project, livemode) WHERE incomplete > 0",
    """
ALTER TABLE customers
    ADD COLUMN client text,
    ADD COLUMN mapped boolean NOT NULL DEFAULT false,
    ADD COLUMN matched_by text,
    ADD COLUMN conflicts text[] NOT NULL DEFAULT '{}',
    ADD COLUMN revision bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN active_subscriptions integer NOT NULL DEFAULT 0,
    ADD COLUMN subscribes boolean NOT NULL DEFAULT false,
    ADD COLUMN mrr numeric NOT NULL DEFAULT 0,
    ADD COLUMN email text,
    ADD COLUMN email_domain text,
    ADD COLUMN email_registered text,
    ADD COLUMN names_client text,
    ADD COLUMN told_at timestamptz,
    ADD COLUMN told_rank smallint,
    ADD COLUMN mrr_order text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (lpad(trunc(greatest(mrr, 0) * 1000)::text, 40, '0')) STORED
""",
    "CREATE INDEX customers_by_mrr ON customers (project, livemode, mrr_order, customer)",
    "CREATE INDEX customers_mapped_by_mrr ON customers (project, livemode, mapped, mrr_order, customer)",
    "CREATE INDEX customers_by_client ON customers (project, client, customer)",
    "CREATE INDEX customers_by_domain ON customers (project, email_registered) WHERE email_registered IS NOT NULL",
    "CREATE INDEX customers_by_name ON customers (project, names_client) WHERE names_client IS NOT NULL",
    "CREATE INDEX customers_by_email ON customers (project, email) WHERE email IS NOT NULL",
    """
CREATE TABLE customer_mrr (
    project text NOT NULL,
    livemode boolean NOT NULL,
    customer text NOT NULL,
    currency text NOT NULL,
    mapped boolean NOT NULL,
    exact_num numeric NOT NULL,
    exact_den numeric NOT NULL,
    PRIMARY KEY (project, livemode, customer, currency)
)
""",
    """
CREATE TABLE mrr_totals (
    project text NOT NULL,
    livemode boolean NOT NULL,
    currency text NOT NULL,
    mapped boolean NOT NULL,
    den text NOT NULL,
    num numeric NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (project, livemode, currency, mapped, den)
)
""",
    """
CREATE TABLE customer_totals (
    project text NOT NULL,
    livemode boolean NOT NULL,
    mapped boolean NOT NULL,
    customers bigint NOT NULL,
    active_subscriptions bigint NOT NULL,
    active_subscribers bigint NOT NULL,
    PRIMARY KEY (project, livemode, mapped)
)
""",
)

# Totals are kept by triggers, so that whoever changes a customer, in whatever way, can not leave them behind.
ADD_MRR = """
INSERT INTO mrr_totals AS held (project, livemode, currency, mapped, den, num, n)
SELECT project, livemode, currency, mapped, exact_den::text, sum(n * exact_num), sum(n) FROM ({changes}) AS changed
GROUP BY project, livemode, currency, mapped, exact_den HAVING sum(n * exact_num) <> 0 OR sum(n) <> 0
ON CONFLICT (project, livemode, currency, mapped, den) DO UPDATE SET
    num = held.num + excluded.num, n = held.n + excluded.n
"""
MRR_COLUMNS = "project, livemode, currency, mapped, exact_num, exact_den"
ADD_CUSTOMERS = """
INSERT INTO customer_totals AS held (project, livemode, mapped, customers, active_subscriptions, active_subscribers)
SELECT project, livemode, mapped, sum(n * (NOT deleted)::int), sum(n * active_subscriptions), sum(n * subscribes::int)
FROM ({changes}) AS changed GROUP BY project, livemode, mapped
ON CONFLICT (project, livemode, mapped) DO UPDATE SET
    customers = held.customers + excluded.customers,
    active_subscriptions = held.active_subscriptions + excluded.active_subscriptions,
    active_subscribers = held.active_subscribers + excluded.active_subscribers
"""
CUSTOMER_COLUMNS = "project, livemode, mapped, deleted, active_subscriptions, subscribes"
EVENTS = {
    "INSERT": ("REFERENCING NEW TABLE AS new_rows", ("new_rows",)),
    "UPDATE": ("REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows", ("new_rows", "old_rows")),
    "DELETE": ("REFERENCING OLD TABLE AS old_rows", ("old_rows",)),
}


def kept(table: str, sums: str, statement: str, columns: str) -> tuple[str, ...]:
    """The triggers that add what changed in `table` up into `sums`: rows that came count 1, rows that went -1."""
    made = []
    for event, (names, tables) in EVENTS.items():
        parts = [f"SELECT {columns}, {1 if rows == 'new_rows' else -1} AS n FROM {rows}" for rows in tables]
        name = f"{table}_{event.lower()}_kept"
        body = f"BEGIN {statement.format(changes=' UNION ALL '.join(parts))}; RETURN NULL; END"
        made += [
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
            f"CREATE TRIGGER {name} AFTER {event} ON {table} {names} FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
        ]
    emptied = f"{table}_emptied"
    return (
        *made,
        f"CREATE FUNCTION {emptied}() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN TRUNCATE {sums}; RETURN NULL; END $$",
        f"CREATE TRIGGER {emptied} AFTER TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {emptied}()",
    )


# Rows of an older schema lack what the new columns hold: they are filled by reading the topics again from the start.
READ_AGAIN = (
    "SET LOCAL revstream.every_project = 'on'",
    "DELETE FROM customers",
    "UPDATE read_model_offsets SET next_offset = 0",
)


def upgrade() -> None:
    for statement in READ_AGAIN:
        op.execute(statement)
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("customer_mrr", "mrr_totals", "customer_totals"):
        for statement in wall(table):
            op.execute(statement)
    for statement in (
        *kept("customer_mrr", "mrr_totals", ADD_MRR, MRR_COLUMNS),
        *kept("customers", "customer_totals", ADD_CUSTOMERS, CUSTOMER_COLUMNS),
    ):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
