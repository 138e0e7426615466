"""Fills the read model's tables: generated in PostgreSQL from lives that are told once."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import asyncpg
import msgspec

from libs.wire.codec import encode
from libs.wire.records import StripeRecord, VersionMark
from services.api.read_model.cells import Shelf, add
from tests.bench.tables.lives import DAYS, Step, lives, sums
from tests.wire.stripe_objects import subscription

PROJECT = "large"
FEW = 50_000  # so many rows go faster into a table with its indices
Connection = "asyncpg.Connection[asyncpg.Record]"
SESSION = {
    "revstream.every_project": "on",
    "synchronous_commit": "off",
    "maintenance_work_mem": "1GB",
    "work_mem": "256MB",
    "jit": "off",
}
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
                       subscribes, mrr, conflicts)
SELECT 'large', true, 'cus_' || life || '_' || copy, false, {CLIENT}, copy % 10 > 0, 'domain', (after_num > 0)::int,
       after_num > 0, round(after_num / after_den / 100, 2),
       CASE WHEN life % 100 = 1 THEN '{{a,b}}'::text[] ELSE '{{}}' END
FROM {EACH}
"""
CUSTOMER_MRR = f"""
INSERT INTO customer_mrr (project, livemode, customer, currency, mapped, exact_num, exact_den)
SELECT 'large', true, 'cus_' || life || '_' || copy, 'usd', copy % 10 > 0, after_num, after_den FROM {EACH}
"""
SUBSCRIPTIONS = f"""
INSERT INTO subscriptions (project, livemode, subscription, customer, client, told_at, told_rank, final, status, plans,
    currency, started_at, renews_at, ends_at, canceled_at, cancellation_reason, cancellation_feedback, trial_began,
    trial_ends, trial_ended, trial_converted, mrr_num, mrr_den, mrr_currency, counted, rule)
SELECT 'large', true, 'sub_' || life || '_' || copy, 'cus_' || life || '_' || copy, {CLIENT}, at, 3, after_num = 0,
       CASE WHEN after_num = 0 THEN 'canceled' ELSE 'active' END,
       ARRAY[CASE WHEN copy = 7 AND life < 10 THEN 'price_rare' ELSE 'price_' || life % 20 END], 'usd', at,
       CASE WHEN after_num > 0 AND copy % 33 > 0 THEN now() + (life % 30) * interval '1 day' END,
       CASE WHEN after_num > 0 AND copy % 33 = 0 THEN now() + (life % 30) * interval '1 day' END,
       CASE WHEN after_num = 0 OR copy % 33 = 0 THEN at END, 'cancellation_requested', feedback,
       CASE WHEN copy % 5 = 0 THEN at END, CASE WHEN copy % 5 = 0 THEN at END, CASE WHEN copy % 5 = 0 THEN at END,
       CASE WHEN copy % 10 = 0 THEN at END, after_num, after_den, 'usd', after_num > 0, 'counted'
FROM {EACH}
"""
SIGNALS = """
INSERT INTO signals (project, id, client, customer, livemode, rule, severity, status, opened_at, updated_at, record)
SELECT 'large', 'sig_' || client, client, customers[1], true, rule, severity, status, opened_at, opened_at,
       convert_to(json_build_object('id', 'sig_' || client, 'project', 'large', 'client', client,
           'customer', customers[1], 'rule', rule, 'severity', severity, 'status', status, 'opened_at', opened_at,
           'updated_at', opened_at, 'message', 'Payment failed', 'mrr_at_risk', json_build_object('usd', mrr::text)
           )::text, 'UTF8')
FROM (SELECT client, customers, mrr, row_number() OVER (ORDER BY client) AS number
      FROM clients WHERE project = 'large') AS numbered
CROSS JOIN LATERAL (
    SELECT CASE WHEN number % 200 = 7 THEN 'open' ELSE 'resolved' END AS status,
           CASE WHEN number % 5000 = 9 THEN 'dispute_opened' ELSE 'payment_failed' END AS rule,
           CASE WHEN number % 1000 = 9 THEN 'low' ELSE 'high' END AS severity,
           date_trunc('second', now()) - number % 730 * interval '1 day' AS opened_at
) AS told WHERE number % 200 = 7 OR number % 50 = 9
"""
HEALTH = f"""
INSERT INTO client_health (project, client, livemode, score, as_of, record)
SELECT 'large', client, true, score, now(),
       convert_to(json_build_object('project', 'large', 'client', client, 'livemode', true, 'score', score,
           'parts', json_build_array(), 'open_signals', 0, 'as_of', '2026-01-01T00:00:00Z')::text, 'UTF8')
FROM (SELECT {CLIENT} AS client, abs(hashtext({CLIENT})) % 101 AS score FROM {EACH}) AS judged
"""
CARDS = """
INSERT INTO cards (project, livemode, card, customer, told_at, told_rank, gone, expires_at)
SELECT 'large', true, 'pm_' || number, 'cus_' || number, now(), 3, false, now() + number % 1000 * interval '1 day'
FROM generate_series(1, $1::int) AS number
"""
DEFINITIONS = """
INSERT INTO definitions (project, livemode, subscription, customer, differs, answers)
SELECT 'large', true, 'sub_d' || number, 'cus_' || number, number % 10 = 0,
       '{"currency":"usd","by_preset":{"default":{"exact":"1000","counted":true,"rule":"counted"}}}'
FROM generate_series(1, $1::int) AS number
"""
DUE = """
INSERT INTO definitions_due (project, customer, due_at)
SELECT 'large', 'cus_' || number, 'infinity' FROM generate_series(1, $1::int) AS number
"""
DEFINED = """
INSERT INTO definition_sums (project, livemode, preset, label, currency, den, num, n)
SELECT 'large', true, preset, label, 'usd', den::text, 1000000, 1000
FROM unnest(ARRAY['default', 'stripe', 'chartmogul', 'baremetrics', 'profitwell']) AS preset,
     unnest(ARRAY['', 'paused|counted', 'trial|counted', 'once|counted']) AS label, unnest(ARRAY[1, 3, 12]) AS den
"""
VERSIONS = """
INSERT INTO object_versions (project, customer, object_id, created, rank, digest, kind, account, livemode, event_id,
                             source, record)
SELECT 'large', customer, subscription, started_at, 3, '', 'subscription', 'acct_1', true, 'evt_' || subscription,
       'webhook', convert_to(replace(replace($1, '{customer}', customer), '{subscription}', subscription), 'UTF8')
FROM subscriptions WHERE project = 'large' AND client < 'c000400'
"""
INVOICES = """
INSERT INTO invoices (project, livemode, invoice, customer, told_at, told_rank, status, currency, amount_due,
                      amount_paid, amount_remaining, attempts, created_at, paid_at)
SELECT 'large', true, 'in_' || number, 'cus_' || number % 20000 || '_' || number / 20000,
       now() - number % 730 * interval '1 day', 3, CASE WHEN number % 50 = 0 THEN 'open' ELSE 'paid' END, 'usd', 1000,
       1000, 0, number % 3, now() - number % 730 * interval '1 day', now() - number % 730 * interval '1 day'
FROM generate_series(1, $1::int) AS number
"""
FAILED = """
INSERT INTO failed_payments (project, invoice, attempt, livemode, customer, failed_at)
SELECT 'large', 'in_' || number, 1, true, 'cus_' || number, now() - number % 730 * interval '1 day'
FROM generate_series(1, $1::int) AS number
"""
PLAIN = """
INSERT INTO ledger_cells (project, livemode, generation, measure, day, edge, currency, label, den, num, n)
SELECT 'large', true, 0, measure, day::date, '0001-01-01', currency, label, '1', 10000 * 1000, 10000
FROM generate_series(now() - interval '730 days', now(), interval '1 day') AS day,
     (VALUES ('paid', 'usd', ''), ('refunded', 'usd', ''), ('trial', '', 'began'), ('trial', '', 'ended'),
             ('trial', '', 'converted'), ('invoices', 'usd', 'paid'), ('invoices', 'usd', 'open'),
             ('invoices', 'usd', 'void')) AS of (measure, currency, label)
"""
# Movements last: what they are summed up by is there then.
EACH_STATEMENT = (
    ("health", HEALTH),
    ("clients", CLIENTS),
    ("MRR of clients", CLIENT_MRR),
    ("customers", CUSTOMERS),
    ("MRR of customers", CUSTOMER_MRR),
    ("subscriptions", SUBSCRIPTIONS),
    ("movements", MOVEMENTS),
)
# Each with a share of the clients as its count.
COUNTED = ((INVOICES, 4), (FAILED, 50), (CARDS, 10), (DEFINITIONS, 10), (DUE, 10))
ANALYZED = """
SELECT string_agg(format('%I', relname), ', ') FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""


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
    for name, statement in EACH_STATEMENT:
        say(name)
        await connection.execute(statement, copies)
    say("indices")
    for index in indices:
        await connection.execute(index["indexdef"])
    say("signals, invoices, sums")
    for statement, share in COUNTED:
        await connection.execute(statement, clients // share)
    for statement in (SIGNALS, DEFINED, PLAIN):
        await connection.execute(statement)
    await connection.execute(VERSIONS, _version())
    found = sums(told, copies)
    async with connection.transaction():
        await add(connection, {Shelf(PROJECT, True, 0): found})
    await connection.execute("DROP TABLE life")
    await connection.execute(f"VACUUM ANALYZE {await connection.fetchval(ANALYZED)}")
    await connection.close()
    say(f"{len(found)} daily sums of {len(told) * len(told[0]) * copies} movements over {DAYS} days")
    return len(told) * len(told[0]) * copies


def _version() -> str:
    """A subscription's record, of a `{customer}` and `{subscription}` to be put in."""
    content = subscription(id="{subscription}", customer="{customer}")
    record = StripeRecord(
        project=PROJECT,
        account="acct_1",
        livemode=True,
        source="webhook",
        type="customer.subscription.created",
        version=VersionMark(datetime(2025, 1, 1, tzinfo=UTC), 1),
        object=msgspec.Raw(msgspec.json.encode(content)),
        event_id="evt_{subscription}",
        customer="{customer}",
    )
    return encode(record).decode()


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
