"""Rows of the read model as if the streams had told of so many customers."""

import asyncpg

# Three customers a client; of ten clients nine are of the directory, the tenth part's customers have none.
CUSTOMERS = """
INSERT INTO customers (project, livemode, customer, deleted, client, mapped, matched_by, revision,
                       active_subscriptions, subscribes, mrr, email, email_domain, email_registered)
SELECT $1::text, true, 'cus_' || n, false,
       CASE WHEN n % 10 = 0 THEN 'customer:cus_' || n ELSE 'client ' || n / 3 END, n % 10 <> 0,
       CASE WHEN n % 10 = 0 THEN 'nothing' ELSE 'domain' END, ARRAY[1, n, 0, 0], 1, true, n % 977,
       'p' || n || '@d' || n / 3 || '.com', 'd' || n / 3 || '.com', 'd' || n / 3 || '.com'
FROM generate_series($2::int, $3::int) AS n
"""
AMOUNTS = """
INSERT INTO customer_mrr (project, livemode, customer, currency, mapped, exact_num, exact_den)
SELECT project, livemode, customer, 'usd', mapped, mrr * 100, 1 FROM customers
WHERE project = $1::text AND customer IN (SELECT 'cus_' || n FROM generate_series($2::int, $3::int) AS n)
"""
CLIENTS = """
INSERT INTO clients (project, client, livemode, listed, revision, status, name, search, customers,
                     active_subscriptions, active_subscribers, mrr, incomplete, as_of, record)
SELECT $1::text, client, true, false, 1, 'active', client, client, array_agg(customer), count(*), count(*), sum(mrr), 0,
       now(),
       convert_to(json_build_object('project', $1::text, 'client', client, 'livemode', true, 'status', 'active',
           'mrr_by_currency', json_build_object('usd', sum(mrr)::text),
           'exact_by_currency', json_build_object('usd', (sum(mrr) * 100)::text), 'active_subscriptions', count(*),
           'active_subscribers', count(*), 'customers', array_agg(customer), 'subscriptions', '[]'::json,
           'contributions', '{}'::json, 'as_of', '2026-01-01T00:00:00Z', 'revision', 1)::text, 'UTF8')
FROM customers WHERE project = $1::text GROUP BY client
ON CONFLICT (project, client) DO UPDATE SET
    livemode = true, status = 'active', mrr = excluded.mrr, customers = excluded.customers, record = excluded.record
"""
CLIENT_MRR = """
INSERT INTO client_mrr (project, client, currency, livemode, exact_num, exact_den, minor)
SELECT project, client, 'usd', true, mrr * 100, 1, mrr * 100 FROM clients WHERE project = $1::text AND mrr > 0
"""
STEP = 20_000


async def fill(database_url: str, project: str, customers: int) -> None:
    """Put that many customers with their clients into the tables."""
    connection = await asyncpg.connect(database_url)
    for first in range(0, customers, STEP):
        for statement in (CUSTOMERS, AMOUNTS):
            await connection.execute(statement, project, first, min(customers, first + STEP) - 1)
    await connection.execute(CLIENTS, project)
    await connection.execute(CLIENT_MRR, project)
    await connection.execute("ANALYZE")
    await connection.close()
