"""The words of each client's id, name and customers, so that a search finds them by index."""

from alembic import op

from deploy.migrations.tenancy import wall
from deploy.migrations.versions.m0018_kept_sums import trigger

revision = "m0020"
down_revision = "m0019"
branch_labels = None
depends_on = None

# Behind row-level security a pattern can not use an index, but texts that begin alike can: each word is kept from its
# own beginning, and from that of each part after a sign (of acme-corp: corp too).
TABLE = """
CREATE TABLE client_words (
    project text NOT NULL,
    word text COLLATE "C" NOT NULL,
    client text NOT NULL,
    PRIMARY KEY (project, word, client)
)
"""
# Of those at risk, who are few, in each order.
AT_RISK = (
    "CREATE INDEX clients_at_risk_by_name ON clients (project, livemode, name, client) WHERE risky",
    "CREATE INDEX clients_at_risk_by_health ON clients (project, livemode, health_order, client) WHERE risky",
)
# What was at risk at an earlier instant: who has left that risk since, and what each client paid then, by index alone.
AT_RISK_THEN = (
    "CREATE INDEX signals_by_update ON signals (project, livemode, updated_at) WHERE status = 'resolved'",
    "DROP INDEX movements_by_client",
    """
CREATE INDEX movements_by_client ON movements (project, livemode, generation, client, occurred_at, id)
INCLUDE (currency, exact_after)
""",
)
WORDS_OF = """
CREATE FUNCTION words_of(searched text) RETURNS SETOF text LANGUAGE sql IMMUTABLE AS $$
    SELECT DISTINCT left(array_to_string(parts[start:], ''), 64)
    FROM regexp_split_to_table(searched, '\\s+') AS token
    CROSS JOIN LATERAL (SELECT regexp_split_to_array(token, '(?<=[^[:alnum:]])(?=[[:alnum:]])') AS parts) AS split
    CROSS JOIN LATERAL generate_series(1, cardinality(parts)) AS start WHERE token <> ''
$$
"""
ADD = """
INSERT INTO client_words (project, word, client)
SELECT project, word, client FROM {rows} AS told CROSS JOIN LATERAL words_of(search) AS word ON CONFLICT DO NOTHING
"""
CHANGED = """(
    SELECT project, client, max(search) FILTER (WHERE sign < 0) AS was, max(search) FILTER (WHERE sign > 0) AS search
    FROM (SELECT project, client, search, -1 AS sign FROM old_rows
          UNION ALL SELECT project, client, search, 1 FROM new_rows) AS both_rows
    GROUP BY project, client HAVING min(search) <> max(search)
)"""
REMOVE = """
DELETE FROM client_words AS held USING (SELECT project, client, words_of({was}) AS word FROM {rows} AS told) AS gone
WHERE held.project = gone.project AND held.word = gone.word AND held.client = gone.client
"""
RENAME = f"{REMOVE.format(was='was', rows=CHANGED)}; {ADD.format(rows=CHANGED)}"
TRIGGERS = {
    "INSERT": ADD.format(rows="new_rows"),
    "UPDATE": RENAME,
    "DELETE": REMOVE.format(was="search", rows="old_rows"),
    "TRUNCATE": "TRUNCATE client_words",
}


def upgrade() -> None:
    op.execute("SET LOCAL revstream.every_project = 'on'")
    for statement in (TABLE, WORDS_OF, *wall("client_words"), *AT_RISK, *AT_RISK_THEN, ADD.format(rows="clients")):
        op.execute(statement)
    for event, body in TRIGGERS.items():
        for statement in trigger(f"clients_{event.lower()}_worded", "clients", event, body):
            op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
