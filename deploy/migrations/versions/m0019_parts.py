"""Movements of each plan and segment as sums by day and month; who is on which plan; retention by month."""

from alembic import op

from deploy.migrations.tenancy import wall
from deploy.migrations.versions.m0018_kept_sums import trigger

revision = "m0019"
down_revision = "m0018"
branch_labels = None
depends_on = None

TABLES = (
    """
CREATE TABLE part_cells (
    project text NOT NULL,
    livemode boolean NOT NULL,
    generation integer NOT NULL,
    plan text NOT NULL,
    grain text NOT NULL,
    day date NOT NULL,
    segment text NOT NULL,
    kind text NOT NULL,
    currency text NOT NULL,
    den text NOT NULL,
    num numeric NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (project, livemode, generation, plan, grain, day, segment, kind, currency, den)
)
""",
    """
CREATE TABLE subscription_plans (
    project text NOT NULL,
    livemode boolean NOT NULL,
    plan text NOT NULL,
    subscription text NOT NULL,
    PRIMARY KEY (project, livemode, plan, subscription)
)
""",
    """
CREATE INDEX movements_by_subscription ON movements (project, livemode, subscription) WHERE subscription IS NOT NULL
""",
)
# A movement counts for every plan that its subscription is on now, and once for no plan in particular (''), in the
# segment that its client is in now; by the day and the month that it is told of in the zone of its generation. Those of
# generations that are neither shown nor built are not counted any more.
COUNT = """
INSERT INTO part_cells AS held (project, livemode, generation, plan, grain, day, segment, kind, currency, den, num, n)
SELECT project, livemode, generation, plan, grain, day, segment, kind, currency, den, sum(sign * num), sum(sign)
FROM (
    SELECT changed.project, changed.livemode, changed.generation, told.plan, at.grain, at.day, changed.segment,
           changed.kind, changed.currency, changed.amount_den::text AS den, changed.amount_num AS num, changed.sign
    FROM ({changes}) AS changed
    JOIN ledgers AS book ON book.project = changed.project
                        AND changed.generation IN (book.generation, book.building)
    CROSS JOIN LATERAL (
        SELECT (changed.occurred_at AT TIME ZONE CASE changed.generation WHEN book.building THEN book.building_timezone
                                                 ELSE book.timezone END)::date AS day
    ) AS on_day
    CROSS JOIN LATERAL (VALUES ('day', on_day.day), ('month', date_trunc('month', on_day.day)::date)) AS at (grain, day)
    CROSS JOIN LATERAL unnest(changed.plans) AS told (plan)
) AS found GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 HAVING sum(sign * num) <> 0 OR sum(sign) <> 0
ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
ON CONFLICT (project, livemode, generation, plan, grain, day, segment, kind, currency, den) DO UPDATE SET
    num = held.num + excluded.num, n = held.n + excluded.n
"""
MOVED = """moved.project, moved.livemode, moved.generation, moved.kind, moved.currency, moved.occurred_at,
    moved.amount_num, moved.amount_den"""
PLANS = "array_append(coalesce(subscriptions.plans, ARRAY[]::text[]), '') AS plans"
OF_MOVEMENTS = f"""
SELECT {MOVED}, coalesce(clients.segment, '') AS segment, {PLANS}, moved.sign
FROM ({{rows}}) AS moved
LEFT JOIN clients ON clients.project = moved.project AND clients.client = moved.client
LEFT JOIN subscriptions ON subscriptions.project = moved.project AND subscriptions.livemode = moved.livemode
                       AND subscriptions.subscription = moved.subscription
"""  # noqa: S608 – our own words
MOVEMENT_ROWS = {
    "INSERT": "SELECT *, 1 AS sign FROM new_rows",
    "UPDATE": "SELECT *, 1 AS sign FROM new_rows UNION ALL SELECT *, -1 FROM old_rows",
    "DELETE": "SELECT *, -1 AS sign FROM old_rows",
}
# Whoever goes from one segment to another takes along all that moved before. The rows before and after are grouped: a
# plan made for few rows would join many of them row by row.
OF_CLIENTS = f"""
SELECT {MOVED}, side.segment, {PLANS}, side.sign FROM ({{rows}}) AS turned
JOIN movements AS moved ON moved.project = turned.project AND moved.livemode = ANY(ARRAY[true, false])
    AND moved.client = turned.client
    AND moved.generation IN (SELECT unnest(ARRAY[generation, building]) FROM ledgers WHERE project = turned.project)
LEFT JOIN subscriptions ON subscriptions.project = moved.project AND subscriptions.livemode = moved.livemode
                       AND subscriptions.subscription = moved.subscription
CROSS JOIN LATERAL (VALUES (turned.now, 1), (turned.was, -1)) AS side (segment, sign)
"""  # noqa: S608
CLIENT_ROWS = {
    "INSERT": "SELECT project, client, '' AS was, segment AS now FROM new_rows WHERE segment <> ''",
    "UPDATE": """
SELECT project, client, max(segment) FILTER (WHERE sign < 0) AS was, max(segment) FILTER (WHERE sign > 0) AS now
FROM (SELECT project, client, segment, -1 AS sign FROM old_rows
      UNION ALL SELECT project, client, segment, 1 FROM new_rows) AS both_rows
GROUP BY project, client HAVING min(segment) <> max(segment)""",
    "DELETE": "SELECT project, client, segment AS was, '' AS now FROM old_rows WHERE segment <> ''",
}
OF_SUBSCRIPTIONS = f"""
SELECT {MOVED}, coalesce(clients.segment, '') AS segment, side.plans, side.sign FROM ({{rows}}) AS turned
JOIN movements AS moved ON moved.project = turned.project AND moved.livemode = turned.livemode
    AND moved.subscription = turned.subscription
LEFT JOIN clients ON clients.project = moved.project AND clients.client = moved.client
CROSS JOIN LATERAL (VALUES (turned.now, 1), (turned.was, -1)) AS side (plans, sign)
"""  # noqa: S608
SUBSCRIPTION_ROWS = {
    "INSERT": "SELECT project, livemode, subscription, ARRAY[]::text[] AS was, plans AS now FROM new_rows"
    " WHERE cardinality(plans) > 0",
    "UPDATE": """
SELECT project, livemode, subscription, max(plans) FILTER (WHERE sign < 0) AS was,
       max(plans) FILTER (WHERE sign > 0) AS now
FROM (SELECT project, livemode, subscription, plans, -1 AS sign FROM old_rows
      UNION ALL SELECT project, livemode, subscription, plans, 1 FROM new_rows) AS both_rows
GROUP BY project, livemode, subscription HAVING min(plans) <> max(plans)""",
    "DELETE": "SELECT project, livemode, subscription, plans AS was, ARRAY[]::text[] AS now FROM old_rows"
    " WHERE cardinality(plans) > 0",
}
# Movements are written under their project's row of `ledgers` (see `read_model/books.py`): who changes what they are
# counted by waits for that row too, else each would miss the other's change.
LOCKED = """
IF EXISTS (SELECT FROM ({rows}) AS turned) THEN
    PERFORM FROM ledgers WHERE project IN (SELECT project FROM ({rows}) AS turned) ORDER BY project FOR UPDATE;
    {then};
END IF
"""
LEAVE_PLANS = """
DELETE FROM subscription_plans AS held USING (SELECT *, unnest(was) AS plan FROM ({rows}) AS turned) AS gone
WHERE held.project = gone.project AND held.livemode = gone.livemode AND held.plan = gone.plan
  AND held.subscription = gone.subscription AND gone.plan <> ALL(gone.now);
INSERT INTO subscription_plans (project, livemode, plan, subscription)
SELECT project, livemode, plan, subscription FROM ({rows}) AS turned CROSS JOIN LATERAL unnest(now) AS told (plan)
WHERE plan <> ALL(was)
"""
START_PLANS = """
INSERT INTO subscription_plans (project, livemode, plan, subscription)
SELECT project, livemode, plan, subscription FROM subscriptions CROSS JOIN LATERAL unnest(plans) AS told (plan)
"""
# What stood before by day, by month; the edges with it, and as they are.
MONTHS = """
INSERT INTO ledger_cells (project, livemode, generation, measure, day, edge, currency, label, den, num, n)
SELECT project, livemode, generation, measure || grain, date_trunc('month', day)::date AS month, kept, currency, label,
       den, sum(num), sum(n)
FROM ledger_cells CROSS JOIN LATERAL (
    VALUES ('_month', CASE edge WHEN '0001-01-01' THEN edge ELSE date_trunc('month', edge)::date END), ('_edges', edge)
) AS at (grain, kept)
WHERE measure IN ('why', 'kept', 'again', 'away') AND NOT (grain = '_edges' AND edge = '0001-01-01')
GROUP BY project, livemode, generation, measure, grain, month, kept, currency, label, den
HAVING sum(num) <> 0 OR sum(n) <> 0
"""


def triggers() -> tuple[str, ...]:
    """What keeps the sums: on movements, and on what they are counted by."""
    made: tuple[str, ...] = trigger("movements_uncounted", "movements", "TRUNCATE", "TRUNCATE part_cells")
    made += trigger("subscriptions_planless", "subscriptions", "TRUNCATE", "TRUNCATE subscription_plans")
    for event, rows in MOVEMENT_ROWS.items():
        body = COUNT.format(changes=OF_MOVEMENTS.format(rows=rows))
        made += trigger(f"movements_{event.lower()}_counted", "movements", event, body)
    for event, rows in CLIENT_ROWS.items():
        body = LOCKED.format(rows=rows, then=COUNT.format(changes=OF_CLIENTS.format(rows=rows)))
        made += trigger(f"clients_{event.lower()}_counted", "clients", event, body)
    for event, rows in SUBSCRIPTION_ROWS.items():
        count = COUNT.format(changes=OF_SUBSCRIPTIONS.format(rows=rows))
        body = LOCKED.format(rows=rows, then=f"{LEAVE_PLANS.format(rows=rows)}; {count}")
        made += trigger(f"subscriptions_{event.lower()}_counted", "subscriptions", event, body)
    return made


def started() -> tuple[str, ...]:
    """The sums over what is held already."""
    return (
        COUNT.format(changes=OF_MOVEMENTS.format(rows="SELECT *, 1 AS sign FROM movements")),
        START_PLANS,
        MONTHS,
    )


def upgrade() -> None:
    op.execute("SET LOCAL revstream.every_project = 'on'")
    for statement in TABLES:
        op.execute(statement)
    for table in ("part_cells", "subscription_plans"):
        for statement in wall(table):
            op.execute(statement)
    for statement in (*started(), *triggers()):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: a schema is never taken back")
