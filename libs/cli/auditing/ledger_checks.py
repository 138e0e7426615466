"""The ledger's own arithmetic: entries go on from each other, add up to MRR, and sums over them are theirs."""

from libs.cli.auditing.check import Check, Part

# What was purged is condensed: entries of that time don't go on from each other any more.
CHAIN = """
SELECT livemode, client, NULL AS customer, NULL AS subscription, about || ' of entry ' || id AS about, told,
       pg_temp.shown(should) AS found
FROM audit_entries CROSS JOIN audit_asked AS asked, LATERAL (VALUES
    ('before', exact_before, balance - amount), ('after', exact_after, balance)
) AS side (about, told, should)
WHERE pg_temp.differ(pg_temp.fraction(told), should) AND coalesce(occurred_at > asked.purged_up_to, true)
"""
BALANCES = """
SELECT livemode, client, NULL AS customer, NULL AS subscription, 'sum of movements in ' || currency AS about,
       pg_temp.shown(ours.amount) AS told, pg_temp.shown(theirs.amount) || ' (its record)' AS found
FROM (
    SELECT summed.* FROM audit_balances AS summed LEFT JOIN audit_records AS other USING (client)
    WHERE other.client IS NULL OR other.livemode = summed.livemode
) AS ours
FULL JOIN audit_booked AS theirs USING (livemode, client, currency)
WHERE pg_temp.differ(coalesce(ours.amount, 0), coalesce(theirs.amount, 0))
"""
WORTH = """
SELECT livemode, client, NULL AS customer, NULL AS subscription, 'balance in ' || currency AS about,
       pg_temp.shown(ours.amount) AS told, pg_temp.shown(theirs.amount) || ' (its MRR)' AS found
FROM audit_booked AS ours FULL JOIN audit_worth AS theirs USING (livemode, client, currency)
WHERE pg_temp.differ(coalesce(ours.amount, 0), coalesce(theirs.amount, 0))
"""
TRANSFERS = """
SELECT livemode, NULL AS client, NULL AS customer, NULL AS subscription, 'all transfers in ' || currency AS about,
       pg_temp.shown(sum(amount)) AS told, '0' AS found
FROM audit_entries CROSS JOIN audit_asked AS asked WHERE kind = 'transfer' AND asked.clients IS NULL
GROUP BY livemode, currency HAVING pg_temp.differ(sum(amount), 0)
"""
DAILY = """
WITH ours AS (
    SELECT livemode, measure, day, currency, label, sum(num::numeric(1000, 100) / den::numeric) AS amount, sum(n) AS n
    FROM ledger_cells JOIN ledgers USING (project, generation) JOIN audit_asked USING (project)
    WHERE measure IN ('moved', 'moved_month', 'why') GROUP BY livemode, measure, day, currency, label
), theirs AS (
    SELECT livemode, measure, place.day, currency, label, sum(amount) AS amount, count(*) AS n
    FROM audit_entries CROSS JOIN audit_asked JOIN ledgers USING (project),
    LATERAL (SELECT (occurred_at AT TIME ZONE ledgers.timezone)::date AS day) AS place_of, LATERAL (VALUES
        ('moved', place_of.day, kind), ('moved_month', date_trunc('month', place_of.day)::date, kind),
        ('why', place_of.day, concat_ws('|', kind, coalesce(reason, ''), coalesce(plan_change, ''),
                                        coalesce(cancellation_reason, ''), coalesce(cancellation_feedback, '')))
    ) AS place (measure, day, label)
    GROUP BY livemode, measure, place.day, currency, label
)
SELECT livemode, NULL AS client, NULL AS customer, NULL AS subscription,
       concat_ws(' ', 'sum of', measure, label, day, currency) AS about,
       concat(pg_temp.shown(ours.amount), ' in ', ours.n) AS told,
       concat(pg_temp.shown(theirs.amount), ' in ', theirs.n) AS found
FROM ours FULL JOIN theirs USING (livemode, measure, day, currency, label) CROSS JOIN audit_asked AS asked
WHERE asked.clients IS NULL AND (pg_temp.differ(coalesce(ours.amount, 0), coalesce(theirs.amount, 0))
                                 OR coalesce(ours.n, 0) <> coalesce(theirs.n, 0))
"""
TOTALS = """
WITH ours AS (
    SELECT livemode, currency, mapped, sum(num::numeric(1000, 100) / den::numeric) AS amount
    FROM mrr_totals JOIN audit_asked USING (project) GROUP BY livemode, currency, mapped
), theirs AS (
    SELECT livemode, currency, mapped, sum(exact_num::numeric(1000, 100) / exact_den) AS amount
    FROM customer_mrr JOIN audit_asked USING (project) GROUP BY livemode, currency, mapped
)
SELECT livemode, NULL AS client, NULL AS customer, NULL AS subscription,
       concat('total MRR in ', currency, CASE WHEN mapped THEN ', mapped' ELSE ', not mapped' END) AS about,
       pg_temp.shown(ours.amount) AS told, pg_temp.shown(theirs.amount) || ' (its customers)' AS found
FROM ours FULL JOIN theirs USING (livemode, currency, mapped) CROSS JOIN audit_asked AS asked
WHERE asked.clients IS NULL AND pg_temp.differ(coalesce(ours.amount, 0), coalesce(theirs.amount, 0))
"""
ENTRIES = "SELECT count(*) FROM audit_entries"
LEDGER = (
    Check("each entry goes on from the one before", Part.LEDGER, CHAIN, ENTRIES),
    Check("movements add up to the balance", Part.LEDGER, BALANCES, "SELECT count(*) FROM audit_booked"),
    Check("the balance is what MRR is worth", Part.LEDGER, WORTH, "SELECT count(*) FROM audit_worth"),
    Check(
        "transfers net to zero",
        Part.LEDGER,
        TRANSFERS,
        "SELECT count(*) FROM audit_entries WHERE kind = 'transfer'",
    ),
    Check("sums by day and month", Part.LEDGER, DAILY, ENTRIES),
    Check("totals", Part.LEDGER, TOTALS, "SELECT count(*) FROM mrr_totals JOIN audit_asked USING (project)"),
)
