"""Fills the read model's tables: generated in PostgreSQL from lives that are told once."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import asyncpg

from services.api.read_model.cells import Shelf, add
from tests.bench.tables.lives import DAYS, Step, lives, sums

PROJECT = "large"
FEW = 50_000  # so many rows go faster into a table with its indices
Connection = "asyncpg.Connection[asyncpg.Record]"
SESSION = {"revstream.every_project": "on", "synchronous_commit": "off", "maintenance_work_mem": "1GB"}
LIVES = """
CREATE UNLOGGED TABLE life (
    life int, number int, kind text, at timestamptz, num numeric, den numeric, before text, after text,
    after_num numeric, after_den numeric, reason text, feedback text
)
"""
INDICES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE tablename = ANY($1::text[]) AND indexname NOT LIKE '%pkey'
"""
CLIENT = "'c' || lpad(life::text, 6, '0') || '-' || lpad(copy::text, 6, '0')"
MOVEMENTS = f"""
INSERT INTO movements (project, livemode, generation, id, client, kind, currency, occurred_at, amount_num, amount_den,
    exact_before, exact_after, customer, subscription, reason, cancellation_reason, cancellation_feedback, estimated,
    settings, revision, own, caused_by)
SELECT 'large', true, 0, {CLIENT} || '/' || extract(epoch FROM at)::bigint || '/usd', {CLIENT}, kind, 'usd',
       at + copy * interval '1 second', num, den, before, after, 'cus_' || life || '_' || copy,
       'sub_' || life || '_' || copy, reason, CASE WHEN feedback IS NOT NULL THEN 'cancellation_requested' END,
       feedback, false, 1, 1, '{{}}', ARRAY['evt_' || life || '_' || copy || '_' || number]
FROM life CROSS JOIN generate_series(0, $1::int - 1) AS copy
"""
LAST = "(SELECT DISTINCT ON (life) * FROM life ORDER BY life, number DESC) AS life"
EACH = f"{LAST} CROSS JOIN generate_series(0, $1::int - 1) AS copy"
CLIENTS = f"""
INSERT INTO clients (project, client, livemode, revision, status, name, search, customers, active_subscriptions,
                     active_subscribers, mrr, incomplete, as_of, record)
SELECT 'large', {CLIENT}, true, 1, CASE WHEN after_num > 0 THEN 'active' ELSE 'churned' END, {CLIENT}, {CLIENT},
       ARRAY['cus_' || life || '_' || copy], (after_num > 0)::int, (after_num > 0)::int,
       round(after_num / after_den / 100, 2), 0, now(),
       convert_to(json_build_object('project', 'large', 'client', {CLIENT}, 'livemode', true, 'status', 'active',
           'mrr_by_currency', json_build_object('usd', round(after_num / after_den / 100, 2)::text),
           'exact_by_currency', json_build_object('usd', after),
           'active_subscriptions', 1, 'active_subscribers', 1,
           'customers', json_build_array('cus_' || life || '_' || copy),
           'subscriptions', json_build_array('sub_' || life || '_' || copy),
           'contributions', json_build_object(),
           'as_of', '2026-01-01T00:00:00Z', 'revision', 1)::text, 'UTF8')
FROM {EACH}
"""
CLIENT_MRR = f"""
INSERT INTO client_mrr (project, client, currency, livemode, exact_num, exact_den, minor)
SELECT 'large', {CLIENT}, 'usd', true, after_num, after_den, round(after_num / after_den) FROM {EACH}
"""
CUSTOMERS = f"""
INSERT INTO customers (project, livemode, customer, deleted, client, mapped, matched_by, active_subscriptions,
                       subscribes, mrr)
SELECT 'large', true, 'cus_' || life || '_' || copy, false, {CLIENT}, true, 'domain', (after_num > 0)::int,
       after_num > 0, round(after_num / after_den / 100, 2)
FROM {EACH}
"""
CUSTOMER_MRR = f"""
INSERT INTO customer_mrr (project, livemode, customer, currency, mapped, exact_num, exact_den)
SELECT 'large', true, 'cus_' || life || '_' || copy, 'usd', true, after_num, after_den FROM {EACH}
"""
SUBSCRIPTIONS = f"""
INSERT INTO subscriptions (project, livemode, subscription, customer, client, told_at, told_rank, final, status, plans,
    currency, started_at, renews_at, ends_at, canceled_at, cancellation_reason, cancellation_feedback, trial_began,
    trial_ends, trial_ended, trial_converted, mrr_num, mrr_den, mrr_currency, counted, rule)
SELECT 'large', true, 'sub_' || life || '_' || copy, 'cus_' || life || '_' || copy, {CLIENT}, at, 3, after_num = 0,
       CASE WHEN after_num = 0 THEN 'canceled' ELSE 'active' END, ARRAY['price_' || life % 20], 'usd', at,
       CASE WHEN after_num > 0 AND copy % 33 > 0 THEN now() + (life % 30) * interval '1 day' END,
       CASE WHEN after_num > 0 AND copy % 33 = 0 THEN now() + (life % 30) * interval '1 day' END,
       CASE WHEN after_num = 0 OR copy % 33 = 0 THEN at END, 'cancellation_requested', feedback,
       CASE WHEN copy % 5 = 0 THEN at END, CASE WHEN copy % 5 = 0 THEN at END, CASE WHEN copy % 5 = 0 THEN at END,
       CASE WHEN copy % 10 = 0 THEN at END, after_num, after_den, 'usd', after_num > 0, 'counted'
FROM {EACH}
"""
SIGNALS = """
INSERT INTO signals (project, id, client, customer, livemode, rule, severity, status, opened_at, updated_at, record)
SELECT 'large', 'sig_' || client, client, customers[1], true, 'payment_failed', 'high', 'open', now(), now(), '{}'
FROM clients WHERE project = 'large' AND client LIKE '%7' AND client LIKE 'c0001%'
"""
INVOICES = """
INSERT INTO invoices (project, livemode, invoice, customer, told_at, told_rank, status, currency, amount_due,
                      amount_paid, amount_remaining, attempts, created_at)
SELECT 'large', true, 'in_' || number, 'cus_' || number, now() - number % 730 * interval '1 day', 3,
       CASE WHEN number % 50 = 0 THEN 'open' ELSE 'paid' END, 'usd', 1000, 1000, 0, number % 3,
       now() - number % 730 * interval '1 day'
FROM generate_series(1, $1::int) AS number
"""
FAILED = """
INSERT INTO failed_payments (project, invoice, attempt, livemode, customer, failed_at)
SELECT 'large', 'in_' || number, 1, true, 'cus_' || number, now() - number % 730 * interval '1 day'
FROM generate_series(1, $1::int) AS number
"""
PAID = """
INSERT INTO ledger_cells (project, livemode, generation, measure, day, edge, currency, label, den, num, n)
SELECT 'large', true, 0, measure, day::date, '0001-01-01', 'usd', '', '1', 10000 * 1000, 10000
FROM generate_series(now() - interval '730 days', now(), interval '1 day') AS day,
     unnest(ARRAY['paid', 'refunded']) AS measure
"""
EACH_STATEMENT = (
    ("clients", CLIENTS),
    ("MRR of clients", CLIENT_MRR),
    ("customers", CUSTOMERS),
    ("MRR of customers", CUSTOMER_MRR),
    ("subscriptions", SUBSCRIPTIONS),
)


async def fill(database_url: str, clients: int, different: int, say: Callable[[str], None]) -> int:
    """Tables of so many clients who have so many different lives; gives the number of movements."""
    connection = await asyncpg.connect(database_url, server_settings=SESSION)
    now, copies = datetime.now(UTC), clients // different
    told = list(lives(different, now))
    await connection.execute(LIVES)
    await connection.copy_records_to_table("life", records=_rows(told))
    await connection.execute("INSERT INTO ledgers (project, timezone) VALUES ('large', 'UTC')")
    tables = ["movements", "clients", "customers", "subscriptions"] if clients > FEW else []
    indices = await connection.fetch(INDICES, tables)
    for index in indices:
        await connection.execute(f"DROP INDEX {index['indexname']}")
    say("movements")
    await connection.execute(MOVEMENTS, copies)
    for name, statement in EACH_STATEMENT:
        say(name)
        await connection.execute(statement, copies)
    say("invoices, signals, sums, indices")
    await connection.execute(INVOICES, clients // 4)
    await connection.execute(FAILED, clients // 50)
    await connection.execute(SIGNALS)
    found = sums(told, copies)
    await connection.execute(PAID)
    async with connection.transaction():
        await add(connection, {Shelf(PROJECT, True, 0): found})
    for index in indices:
        await connection.execute(index["indexdef"])
    for table in ("movements", "clients", "customers", "subscriptions", "ledger_cells", "invoices", "client_mrr"):
        await connection.execute(f"VACUUM ANALYZE {table}")
    await connection.execute("DROP TABLE life")
    await connection.close()
    say(f"{len(found)} daily sums of {len(told) * len(told[0]) * copies} movements over {DAYS} days")
    return len(told) * len(told[0]) * copies


def _rows(told: Sequence[tuple[Step, ...]]) -> list[tuple[object, ...]]:
    return [
        (
            number,
            step.number,
            step.kind,
            step.at,
            (step.after - step.before).numerator,
            (step.after - step.before).denominator,
            str(step.before),
            str(step.after),
            step.after.numerator,
            step.after.denominator,
            step.reason,
            step.feedback,
        )
        for number, life in enumerate(told)
        for step in life
    ]
