"""The read model's rows beside what the topics say of them."""

from libs.cli.auditing.check import Check, Part

THERE = "CASE WHEN {side} IS NULL THEN 'missing' ELSE 'there' END"
ROW = f"('row', {THERE.format(side='ours')}, {THERE.format(side='theirs')})"

# Of a record that differs, each field that does.
CLIENTS = f"""
SELECT coalesce(ours.livemode, theirs.livemode) AS livemode, client, NULL AS customer, NULL AS subscription, about,
       told, found
FROM (
    SELECT client, livemode, status, revision, active_subscriptions, active_subscribers, incomplete, as_of,
           convert_from(record, 'UTF8')::jsonb AS said
    FROM clients JOIN audit_asked USING (project) WHERE record IS NOT NULL
) AS ours FULL JOIN audit_told_clients AS theirs USING (client), LATERAL (
    SELECT * FROM (VALUES {ROW}) AS row_of (about, told, found) WHERE ours.client IS NULL OR theirs.client IS NULL
    UNION ALL
    SELECT 'record: ' || key, mine.value::text, its.value::text
    FROM jsonb_each(ours.said) AS mine FULL JOIN jsonb_each(theirs.value) AS its USING (key)
    WHERE ours.said <> theirs.value
    UNION ALL
    SELECT * FROM (VALUES
        ('status', ours.status, theirs.value ->> 'status'),
        ('revision', ours.revision::text, theirs.value ->> 'revision'),
        ('active_subscriptions', ours.active_subscriptions::text, theirs.value ->> 'active_subscriptions'),
        ('active_subscribers', ours.active_subscribers::text, theirs.value ->> 'active_subscribers'),
        ('incomplete', ours.incomplete::text, jsonb_array_length(theirs.value -> 'incomplete')::text),
        ('as_of', ours.as_of::text, ((theirs.value ->> 'as_of')::timestamptz)::text)
    ) AS columns_of (about, told, found) WHERE ours.client IS NOT NULL AND theirs.client IS NOT NULL
) AS each
WHERE told IS DISTINCT FROM found
"""  # noqa: S608 – our own words
CLIENT_MRR = """
SELECT coalesce(ours.livemode, theirs.livemode) AS livemode, client, NULL AS customer, NULL AS subscription,
       'MRR in ' || currency AS about, concat(exact_num, '/', exact_den, ', shown ', minor) AS told,
       theirs.exact AS found
FROM (SELECT * FROM client_mrr JOIN audit_asked USING (project)) AS ours
FULL JOIN (
    SELECT client, livemode, key AS currency, exact, pg_temp.fraction(exact) AS amount
    FROM audit_told_clients, jsonb_each_text(value -> 'exact_by_currency') AS t (key, exact)
) AS theirs USING (client, currency)
WHERE pg_temp.differ(exact_num::numeric(1000, 100) / exact_den, theirs.amount)
   OR minor IS DISTINCT FROM floor(theirs.amount + 0.5)
"""
CUSTOMERS = f"""
SELECT livemode, coalesce(ours.client, theirs.client) AS client, customer, NULL AS subscription, about, told, found
FROM (
    SELECT livemode, customer, client, mapped, matched_by, conflicts, revision, deleted, active_subscriptions
    FROM customers JOIN audit_asked USING (project) WHERE client IS NOT NULL
) AS ours FULL JOIN audit_told_customers AS theirs USING (livemode, customer), LATERAL (
    SELECT * FROM (VALUES {ROW}) AS row_of (about, told, found) WHERE ours.client IS NULL OR theirs.client IS NULL
    UNION ALL
    SELECT * FROM (VALUES
        ('client', ours.client, theirs.client),
        ('mapped', ours.mapped::text, theirs.mapped::text),
        ('matched_by', ours.matched_by, coalesce(member ->> 'matched_by', 'nothing')),
        ('conflicts', to_jsonb(ours.conflicts)::text, coalesce(member -> 'conflicts', '[]')::text),
        ('revision', ours.revision::text, theirs.revision::text),
        ('deleted', ours.deleted::text, (coalesce((member ->> 'deleted')::bool, false) OR ours.deleted)::text),
        ('active_subscriptions', ours.active_subscriptions::text, (
            SELECT count(*)::text FROM jsonb_array_elements(shares) AS share WHERE (share ->> 'counted')::bool))
    ) AS columns_of (about, told, found) WHERE ours.client IS NOT NULL AND theirs.client IS NOT NULL
) AS each
WHERE told IS DISTINCT FROM found
"""  # noqa: S608
CUSTOMER_MRR = """
SELECT livemode, people.client, customer, NULL AS subscription, 'MRR in ' || currency AS about,
       pg_temp.shown(ours.amount) AS told, pg_temp.shown(theirs.amount) AS found
FROM (
    SELECT livemode, customer, currency, exact_num::numeric(1000, 100) / exact_den AS amount
    FROM customer_mrr JOIN audit_asked USING (project)
) AS ours FULL JOIN (
    SELECT livemode, customer, currency, sum(amount) AS amount FROM audit_told_shares GROUP BY 1, 2, 3
) AS theirs USING (livemode, customer, currency)
LEFT JOIN audit_told_customers AS people USING (livemode, customer)
WHERE pg_temp.differ(coalesce(ours.amount, 0), coalesce(theirs.amount, 0))
"""
# Records list a customer's last few subscriptions that ended; older ones add nothing.
SUBSCRIPTIONS = """
SELECT livemode, coalesce(ours.client, theirs.client) AS client, coalesce(ours.customer, theirs.customer) AS customer,
       subscription, about, told, found
FROM (
    SELECT livemode, subscription, client, customer, mrr_num, mrr_den, mrr_currency, counted, rule
    FROM subscriptions JOIN audit_asked USING (project)
) AS ours FULL JOIN audit_told_shares AS theirs USING (livemode, subscription), LATERAL (VALUES
    ('client', ours.client, coalesce(theirs.client, ours.client)),
    ('MRR', concat(mrr_num, '/', mrr_den), CASE WHEN pg_temp.differ(
        mrr_num::numeric(1000, 100) / mrr_den, coalesce(theirs.amount, 0)
    ) THEN pg_temp.shown(coalesce(theirs.amount, 0)) ELSE concat(mrr_num, '/', mrr_den) END),
    ('currency', ours.mrr_currency, coalesce(theirs.currency, ours.mrr_currency)),
    ('counted', ours.counted::text, coalesce(theirs.counted, false)::text),
    ('rule', ours.rule, coalesce(theirs.rule, ours.rule))
) AS each (about, told, found)
WHERE told IS DISTINCT FROM found
"""
# A ledger that was counted anew holds what was refolded (of no revision) beside what the topic has told since; what was
# purged is no more, or condensed.
MOVEMENTS = f"""
SELECT livemode, coalesce(ours.client, theirs.value ->> 'client') AS client, NULL AS customer, NULL AS subscription,
       about || ' of entry ' || id AS about, told, found
FROM (
    SELECT held.* FROM movements AS held JOIN audit_asked USING (project) JOIN ledgers USING (project, generation)
) AS ours FULL JOIN audit_told_movements AS theirs USING (livemode, id)
CROSS JOIN audit_asked AS asked JOIN ledgers AS book ON book.project = asked.project, LATERAL (
    SELECT * FROM (VALUES {ROW}) AS row_of (about, told, found) WHERE CASE
        WHEN ours.id IS NULL THEN NOT theirs.deleted AND (
            book.generation = 0 OR (theirs.value ->> 'settings')::bigint >= book.settings)
        WHEN theirs.id IS NULL THEN ours.revision > 0 AND NOT asked.topics_are_cut
        WHEN theirs.deleted THEN ours.revision > 0 END
    UNION ALL
    SELECT * FROM (VALUES
        ('client', ours.client, theirs.value ->> 'client'),
        ('kind', ours.kind, theirs.value ->> 'kind'),
        ('currency', ours.currency, theirs.value ->> 'currency'),
        ('occurred_at', ours.occurred_at::text, theirs.occurred_at::text),
        ('before', ours.exact_before, coalesce(theirs.value ->> 'exact_before', '0')),
        ('after', ours.exact_after, coalesce(theirs.value ->> 'exact_after', '0')),
        ('amount', pg_temp.shown(amount_num::numeric(1000, 100) / amount_den),
                   pg_temp.shown(pg_temp.fraction(theirs.value ->> 'exact'))),
        ('customer', ours.customer, theirs.value ->> 'customer'),
        ('subscription', ours.subscription, theirs.value ->> 'subscription'),
        ('reason', ours.reason, theirs.value ->> 'reason'),
        ('plan_change', ours.plan_change, theirs.value ->> 'plan_change'),
        ('estimated', ours.estimated::text, coalesce(theirs.value ->> 'estimated', 'false')),
        ('cancellation_reason', ours.cancellation_reason, theirs.value ->> 'cancellation_reason'),
        ('cancellation_feedback', ours.cancellation_feedback, theirs.value ->> 'cancellation_feedback'),
        ('revision', ours.revision::text, theirs.value ->> 'revision'),
        ('own', ours.own::jsonb::text, coalesce(theirs.value -> 'own', '{{}}')::text),
        ('caused_by', to_jsonb(ours.caused_by)::text, coalesce(theirs.value -> 'caused_by', '[]')::text)
    ) AS columns_of (about, told, found)
    WHERE ours.id IS NOT NULL AND theirs.id IS NOT NULL AND NOT theirs.deleted AND ours.revision > 0
) AS each
WHERE told IS DISTINCT FROM found
  AND coalesce(coalesce(ours.occurred_at, theirs.occurred_at) > asked.purged_up_to, true)
"""  # noqa: S608
SIGNALS = f"""
SELECT (coalesce(ours.said, theirs.value) ->> 'livemode')::bool AS livemode,
       coalesce(ours.said, theirs.value) ->> 'client' AS client, NULL AS customer, NULL AS subscription,
       'signal ' || id || ': ' || about AS about, told, found
FROM (
    SELECT id, status, convert_from(record, 'UTF8')::jsonb AS said FROM signals JOIN audit_asked USING (project)
) AS ours FULL JOIN audit_told_signals AS theirs USING (id), LATERAL (
    SELECT * FROM (VALUES {ROW}) AS row_of (about, told, found) WHERE ours.id IS NULL OR theirs.id IS NULL
    UNION ALL
    SELECT key, mine.value::text, its.value::text
    FROM jsonb_each(ours.said) AS mine FULL JOIN jsonb_each(theirs.value) AS its USING (key)
    WHERE ours.said <> theirs.value
    UNION ALL
    SELECT 'status', status, theirs.value ->> 'status' WHERE ours.id IS NOT NULL AND theirs.id IS NOT NULL
) AS each
WHERE told IS DISTINCT FROM found
"""  # noqa: S608
HEALTH = f"""
SELECT coalesce(ours.livemode, (theirs.value ->> 'livemode')::bool) AS livemode, client, NULL AS customer,
       NULL AS subscription, 'health: ' || about AS about, told, found
FROM (
    SELECT client, livemode, score, convert_from(record, 'UTF8')::jsonb AS said
    FROM client_health JOIN audit_asked USING (project)
) AS ours FULL JOIN audit_told_health AS theirs USING (client), LATERAL (
    SELECT * FROM (VALUES {ROW}) AS row_of (about, told, found) WHERE ours.client IS NULL OR theirs.client IS NULL
    UNION ALL
    SELECT key, mine.value::text, its.value::text
    FROM jsonb_each(ours.said) AS mine FULL JOIN jsonb_each(theirs.value) AS its USING (key)
    WHERE ours.said <> theirs.value
    UNION ALL
    SELECT 'score', score::text, theirs.value ->> 'score' WHERE ours.client IS NOT NULL AND theirs.client IS NOT NULL
) AS each
WHERE told IS DISTINCT FROM found
"""  # noqa: S608
VERSIONS = """
SELECT NULL::bool AS livemode, NULL AS client, customer, NULL AS subscription,
       concat('version of ', object_id, ' at ', created, ' rank ', rank) AS about,
       CASE WHEN ours.rank IS NULL THEN 'missing' ELSE 'there' END AS told,
       CASE WHEN theirs.heard IS NULL THEN 'missing' ELSE 'there' END AS found
FROM (
    SELECT DISTINCT customer, object_id, created, rank AS rank, coalesce(event_id, '') AS event
    FROM object_versions JOIN audit_asked USING (project)
) AS ours FULL JOIN (
    SELECT DISTINCT customer, object_id, created, rank, coalesce(event_id, '') AS event, true AS heard
    FROM audit_heard JOIN audit_asked USING (project)
) AS theirs USING (customer, object_id, created, rank, event)
CROSS JOIN audit_asked AS asked
WHERE (ours.rank IS NULL OR (theirs.heard IS NULL AND NOT asked.topics_are_cut))
  AND coalesce(created > asked.purged_up_to, true)
"""


def _held(table: str) -> str:
    return f"SELECT count(*) FROM {table} JOIN audit_asked USING (project)"  # noqa: S608


MODEL = (
    Check("clients", Part.MODEL, CLIENTS, _held("clients")),
    Check("clients' MRR", Part.MODEL, CLIENT_MRR, _held("client_mrr")),
    Check("customers", Part.MODEL, CUSTOMERS, _held("customers")),
    Check("customers' MRR", Part.MODEL, CUSTOMER_MRR, _held("customer_mrr")),
    Check("subscriptions' MRR", Part.MODEL, SUBSCRIPTIONS, _held("subscriptions")),
    Check("movements", Part.MODEL, MOVEMENTS, _held("movements")),
    Check("signals", Part.MODEL, SIGNALS, _held("signals")),
    Check("health", Part.MODEL, HEALTH, _held("client_health")),
    Check("versions of Stripe's objects", Part.MODEL, VERSIONS, _held("object_versions")),
)
