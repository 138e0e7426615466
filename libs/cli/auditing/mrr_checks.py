"""MRR as the system says it, beside the second implementation in plain SQL over the raw objects."""

from libs.cli.auditing.check import Check, Part

AMOUNT = (
    "pg_temp.shown({amount}) || ' ' || {currency} || CASE WHEN {counted} THEN ', counts' ELSE ', does not count' END"
)
SQL_SAYS = AMOUNT.format(amount="ours.amount", currency="ours.currency", counted="ours.counted")

SUBSCRIPTIONS = f"""
SELECT livemode, theirs.client, coalesce(ours.customer, theirs.customer) AS customer, subscription, 'MRR' AS about,
       {AMOUNT.format(amount="theirs.amount", currency="theirs.mrr_currency", counted="theirs.counted")} AS told,
       {SQL_SAYS} AS found
FROM (SELECT * FROM audit_mrr WHERE policy = 'own') AS ours
FULL JOIN (
    SELECT livemode, subscription, customer, client, mrr_currency, counted,
           mrr_num::numeric(1000, 100) / mrr_den AS amount
    FROM subscriptions JOIN audit_asked AS asked USING (project)
    WHERE asked.customers IS NULL OR customer = ANY(asked.customers)
) AS theirs USING (livemode, subscription)
WHERE coalesce(is_sure, true) AND (
    pg_temp.differ(coalesce(ours.amount, 0), coalesce(theirs.amount, 0))
    OR coalesce(ours.counted, false) <> coalesce(theirs.counted, false)
    OR (ours.amount <> 0 AND ours.currency IS DISTINCT FROM theirs.mrr_currency)
)
"""  # noqa: S608 – our own words
CUSTOMERS = """
SELECT livemode, client, customer, NULL AS subscription, 'MRR in ' || currency AS about,
       pg_temp.shown(theirs.amount) AS told, pg_temp.shown(ours.amount) AS found
FROM (
    SELECT livemode, customer, currency, sum(amount) AS amount, bool_and(is_sure) AS is_sure
    FROM audit_mrr WHERE policy = 'own' GROUP BY livemode, customer, currency
) AS ours
FULL JOIN (
    SELECT livemode, customer, currency, exact_num::numeric(1000, 100) / exact_den AS amount
    FROM customer_mrr JOIN audit_asked AS asked USING (project)
    WHERE asked.customers IS NULL OR customer = ANY(asked.customers)
) AS theirs USING (livemode, customer, currency)
LEFT JOIN (SELECT livemode, customer, client FROM customers JOIN audit_asked USING (project)) AS people
    USING (livemode, customer)
WHERE coalesce(is_sure, true) AND pg_temp.differ(coalesce(ours.amount, 0), coalesce(theirs.amount, 0))
"""
# A client with customers of both modes is shown in live mode.
CLIENTS = """
SELECT coalesce(ours.livemode, theirs.livemode) AS livemode, client, NULL AS customer, NULL AS subscription,
       'MRR in ' || currency AS about, pg_temp.shown(theirs.amount) AS told, pg_temp.shown(ours.amount) AS found
FROM (
    SELECT held.livemode, held.client, currency, sum(amount) AS amount, bool_and(is_sure) AS is_sure
    FROM audit_mrr AS mrr CROSS JOIN audit_asked AS asked JOIN customers USING (project, livemode, customer)
    JOIN clients AS held ON held.project = asked.project AND held.client = customers.client
                        AND held.livemode = mrr.livemode
    WHERE policy = 'own' AND (asked.clients IS NULL OR held.client = ANY(asked.clients))
    GROUP BY held.livemode, held.client, currency
) AS ours
FULL JOIN (
    SELECT livemode, client, currency, exact_num::numeric(1000, 100) / exact_den AS amount
    FROM client_mrr JOIN audit_asked AS asked USING (project)
    WHERE asked.clients IS NULL OR client = ANY(asked.clients)
) AS theirs USING (client, currency)
WHERE coalesce(is_sure, true) AND pg_temp.differ(coalesce(ours.amount, 0), coalesce(theirs.amount, 0))
"""
# What is due to be told again is not told yet.
PRESETS = f"""
SELECT livemode, client, customer, subscription, 'MRR under ' || policy AS about,
       {AMOUNT.format(amount="theirs.amount", currency="theirs.currency", counted="theirs.counted")} AS told,
       {SQL_SAYS} AS found
FROM (SELECT * FROM audit_mrr WHERE policy <> 'own' AND is_sure) AS ours
FULL JOIN (
    SELECT livemode, customer, subscription, answer.key AS policy, said ->> 'currency' AS currency,
           pg_temp.fraction(answer.value ->> 'exact') AS amount, (answer.value ->> 'counted')::bool AS counted
    FROM definitions JOIN audit_asked AS asked USING (project), LATERAL (SELECT answers::jsonb AS said) AS read,
    jsonb_each(said -> 'by_preset') AS answer
    WHERE asked.customers IS NULL OR customer = ANY(asked.customers)
) AS theirs USING (livemode, customer, subscription, policy)
CROSS JOIN audit_asked AS asked
LEFT JOIN definitions_due AS due USING (project, customer)
LEFT JOIN customers AS people USING (project, livemode, customer)
WHERE due.due_at > asked.at AND (ours.subscription IS NOT NULL OR NOT EXISTS (
    SELECT FROM audit_mrr AS unsure WHERE (unsure.livemode, unsure.subscription, NOT is_sure)
                                        = (theirs.livemode, theirs.subscription, true)
)) AND (
    pg_temp.differ(coalesce(ours.amount, 0), coalesce(theirs.amount, 0))
    OR coalesce(ours.counted, false) <> coalesce(theirs.counted, false)
)
"""  # noqa: S608
MRR = (
    Check("MRR of subscriptions", Part.MRR, SUBSCRIPTIONS, "SELECT count(*) FROM audit_mrr WHERE policy = 'own'"),
    Check("MRR of customers", Part.MRR, CUSTOMERS, "SELECT count(DISTINCT (livemode, customer)) FROM audit_mrr"),
    Check("MRR of clients", Part.MRR, CLIENTS, "SELECT count(*) FROM clients JOIN audit_asked USING (project)"),
    Check(
        "MRR under every preset",
        Part.MRR,
        PRESETS,
        "SELECT count(*) FROM definitions JOIN audit_asked AS asked USING (project)"
        " JOIN definitions_due USING (project, customer) WHERE due_at > asked.at",
    ),
)
