"""Clients by segment, risk and health, with their counts and MRR kept as sums; what will end, summed by day."""

from alembic import op

from deploy.migrations.tenancy import wall

revision = "m0018"
down_revision = "m0017"
branch_labels = None
depends_on = None

# `segments_counted`: the thresholds by which all of the project's clients have their segment; others are being put into
# force while they differ from `segments`.
COLUMNS = (
    """
ALTER TABLE clients ADD COLUMN segment text NOT NULL DEFAULT '', ADD COLUMN risky boolean NOT NULL DEFAULT false,
    ADD COLUMN health_order text COLLATE "C" NOT NULL DEFAULT ''
""",
    """
ALTER TABLE client_mrr ADD COLUMN segment text NOT NULL DEFAULT '', ADD COLUMN risky boolean NOT NULL DEFAULT false
""",
    "ALTER TABLE project_settings ADD COLUMN segments_counted jsonb NOT NULL DEFAULT '{}'",
    """
CREATE TABLE client_totals (
    project text NOT NULL,
    livemode boolean NOT NULL,
    segment text NOT NULL,
    status text NOT NULL,
    risky boolean NOT NULL,
    incomplete boolean NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (project, livemode, segment, status, risky, incomplete)
)
""",
    """
CREATE TABLE segment_mrr (
    project text NOT NULL,
    livemode boolean NOT NULL,
    segment text NOT NULL,
    risky boolean NOT NULL,
    currency text NOT NULL,
    den text NOT NULL,
    num numeric NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (project, livemode, segment, risky, currency, den)
)
""",
    """
CREATE TABLE leaving_days (
    project text NOT NULL,
    livemode boolean NOT NULL,
    day date NOT NULL,
    currency text NOT NULL,
    den text NOT NULL,
    num numeric NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (project, livemode, day, currency, den)
)
""",
    "CREATE INDEX clients_by_health ON clients (project, livemode, health_order, client)",
    "CREATE INDEX clients_by_status ON clients (project, livemode, status, mrr_order, client)",
    "CREATE INDEX clients_at_risk ON clients (project, livemode, mrr_order, client) WHERE risky",
)
WALLED = ("client_totals", "segment_mrr", "leaving_days")

# By the thresholds as `services/api/segments.py` reads them.
SEGMENT_OF = """
CREATE FUNCTION segment_of(of_project text, mrr numeric) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN trunc(mrr * 1000) < 1 THEN ''
                WHEN trunc(mrr * 1000) >= ceil(coalesce((held.segments ->> 'enterprise')::numeric, 1000) * 1000)
                THEN 'enterprise'
                WHEN trunc(mrr * 1000) >= ceil(coalesce((held.segments ->> 'growth')::numeric, 100) * 1000)
                THEN 'growth'
                ELSE 'starter' END
    FROM (SELECT 1) AS one LEFT JOIN project_settings AS held ON held.project = of_project
$$
"""
RISKY = """EXISTS (SELECT FROM signals WHERE signals.project = {of}.project AND signals.client = {of}.client
        AND signals.status <> 'resolved')"""
HEALTH = """coalesce((SELECT lpad(score::text, 3, '0') FROM client_health AS judged
        WHERE judged.project = {of}.project AND judged.client = {of}.client), '')"""
# A client knows its place from the start, whichever of its signals, its health or itself was told of first.
PLACED = (
    f"""
CREATE FUNCTION client_placed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.segment := segment_of(NEW.project, NEW.mrr);
    IF TG_OP = 'INSERT' THEN
        NEW.risky := {RISKY.format(of="NEW")};
        NEW.health_order := {HEALTH.format(of="NEW")};
    END IF;
    RETURN NEW;
END
$$
""",
    "CREATE TRIGGER client_placed_new BEFORE INSERT ON clients FOR EACH ROW EXECUTE FUNCTION client_placed()",
    """
CREATE TRIGGER client_placed_again BEFORE UPDATE OF mrr ON clients FOR EACH ROW
WHEN (NEW.mrr IS DISTINCT FROM OLD.mrr) EXECUTE FUNCTION client_placed()
""",
)
# What is kept of a client from rows of other tables: a statement for those whom the changed rows name.
FOLLOWED = {
    "signals": f"""
UPDATE clients AS held SET risky = {RISKY.format(of="held")}
WHERE (project, client) IN (SELECT project, client FROM {{rows}}) AND held.risky <> {RISKY.format(of="held")}
""",  # noqa: S608 – constants
    "client_health": f"""
UPDATE clients AS held SET health_order = {HEALTH.format(of="held")}
WHERE (project, client) IN (SELECT project, client FROM {{rows}}) AND held.health_order <> {HEALTH.format(of="held")}
""",  # noqa: S608
    "clients": """
UPDATE client_mrr AS held SET segment = t.segment, risky = t.risky FROM {rows} AS t
WHERE held.project = t.project AND held.client = t.client AND (held.segment <> t.segment OR held.risky <> t.risky)
""",
}
COUNT_CLIENTS = """
INSERT INTO client_totals AS held (project, livemode, segment, status, risky, incomplete, n)
SELECT project, livemode, segment, status, risky, incomplete > 0, sum(sign) FROM ({changes}) AS changed
WHERE livemode IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(sign) <> 0 ORDER BY 1, 2, 3, 4, 5, 6
ON CONFLICT (project, livemode, segment, status, risky, incomplete) DO UPDATE SET n = held.n + excluded.n
"""
ADD_MRR = """
INSERT INTO segment_mrr AS held (project, livemode, segment, risky, currency, den, num, n)
SELECT project, livemode, segment, risky, currency, exact_den::text, sum(sign * exact_num), sum(sign)
FROM ({changes}) AS changed GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(sign * exact_num) <> 0 OR sum(sign) <> 0
ORDER BY 1, 2, 3, 4, 5, 6
ON CONFLICT (project, livemode, segment, risky, currency, den) DO UPDATE SET
    num = held.num + excluded.num, n = held.n + excluded.n
"""
ADD_LEAVING = """
INSERT INTO leaving_days AS held (project, livemode, day, currency, den, num, n)
SELECT project, livemode, (ends_at AT TIME ZONE 'UTC')::date, mrr_currency, mrr_den::text, sum(sign * mrr_num),
       sum(sign)
FROM ({changes}) AS changed WHERE ends_at IS NOT NULL AND NOT final AND mrr_num > 0 GROUP BY 1, 2, 3, 4, 5
HAVING sum(sign * mrr_num) <> 0 OR sum(sign) <> 0 ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (project, livemode, day, currency, den) DO UPDATE SET
    num = held.num + excluded.num, n = held.n + excluded.n
"""
SUMMED = {
    "clients": ("client_totals", COUNT_CLIENTS, "project, livemode, segment, status, risky, incomplete"),
    "client_mrr": ("segment_mrr", ADD_MRR, "project, livemode, segment, risky, currency, exact_num, exact_den"),
    "subscriptions": (
        "leaving_days",
        ADD_LEAVING,
        "project, livemode, ends_at, final, mrr_currency, mrr_num, mrr_den",
    ),
}
EVENTS = {
    "INSERT": ("REFERENCING NEW TABLE AS new_rows", {"new_rows": 1}),
    "UPDATE": ("REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows", {"new_rows": 1, "old_rows": -1}),
    "DELETE": ("REFERENCING OLD TABLE AS old_rows", {"old_rows": -1}),
}


def trigger(name: str, table: str, event: str, body: str) -> tuple[str, str]:
    """A trigger that runs `body` once for each statement on `table`."""
    seen = "" if event == "TRUNCATE" else EVENTS[event][0]
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NULL; END $$",
        f"CREATE TRIGGER {name} AFTER {event} ON {table} {seen} FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    )


def summed(table: str) -> tuple[str, ...]:
    """The triggers that add up what changes in `table`: rows that came count 1, rows that went -1."""
    sums, statement, columns = SUMMED[table]
    made: tuple[str, ...] = trigger(f"{table}_unsummed", table, "TRUNCATE", f"TRUNCATE {sums}")
    for event, (_, rows) in EVENTS.items():
        parts = [f"SELECT {columns}, {sign} AS sign FROM {name}" for name, sign in rows.items()]  # noqa: S608
        changes = " UNION ALL ".join(parts)
        made += trigger(f"{table}_{event.lower()}_summed", table, event, statement.format(changes=changes))
    return made


def followed(table: str) -> tuple[str, ...]:
    """The triggers by which clients follow what changes in `table`."""
    made: tuple[str, ...] = ()
    for event, (_, rows) in EVENTS.items():
        names = list(rows) if table != "clients" else ["new_rows"]
        if table == "clients" and event == "DELETE":
            continue  # its amounts go with it
        either = names[0] if len(names) == 1 else "(SELECT * FROM new_rows UNION ALL SELECT * FROM old_rows)"
        body = FOLLOWED[table].format(rows=either if len(names) == 1 else f"{either} AS both_rows")
        made += trigger(f"{table}_{event.lower()}_followed", table, event, body)
    return made


def started(table: str) -> str:
    """The sums over what the table holds already."""
    _, statement, columns = SUMMED[table]
    return statement.format(changes=f"SELECT {columns}, 1 AS sign FROM {table}")  # noqa: S608


def upgrade() -> None:
    op.execute("SET LOCAL revstream.every_project = 'on'")
    for statement in (*COLUMNS, SEGMENT_OF):
        op.execute(statement)
    for table in WALLED:
        for statement in wall(table):
            op.execute(statement)
    risky, health = RISKY.format(of="clients"), HEALTH.format(of="clients")
    op.execute(
        f"UPDATE clients SET segment = segment_of(project, mrr), risky = {risky}, health_order = {health}"  # noqa: S608 – constants
    )
    op.execute(FOLLOWED["clients"].format(rows="clients"))
    for table in SUMMED:
        for statement in (started(table), *summed(table)):
            op.execute(statement)
    for statement in (*PLACED, *(one for table in FOLLOWED for one in followed(table))):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
