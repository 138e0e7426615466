-- The ledger as it is shown, and what each client's record says that it comes to.

-- Within an instant rates change first, then customers leave and come, then subscriptions change.
CREATE TEMP TABLE audit_entries ON COMMIT DROP AS
SELECT livemode, client, id, kind, currency, occurred_at, reason, plan_change, cancellation_reason,
       cancellation_feedback,
       exact_before, exact_after, amount,
       sum(amount) OVER entries AS balance
FROM (
    SELECT livemode, client, id, kind, currency, occurred_at, customer, reason, plan_change, cancellation_reason,
           cancellation_feedback, exact_before, exact_after, amount_num::numeric(1000, 100) / amount_den AS amount,
           CASE WHEN id LIKE '%/fx' THEN 0 WHEN kind = 'transfer' THEN 1 ELSE 2 END AS turn
    FROM movements JOIN audit_asked AS asked USING (project)
    JOIN ledgers USING (project, generation)
    WHERE asked.clients IS NULL OR client = ANY(asked.clients)
) AS entry
WINDOW entries AS (PARTITION BY livemode, client, currency ORDER BY occurred_at, turn, amount > 0, customer, id);
ANALYZE audit_entries;

CREATE TEMP TABLE audit_balances ON COMMIT DROP AS
SELECT livemode, client, currency, sum(amount) AS amount FROM audit_entries GROUP BY livemode, client, currency;

CREATE TEMP TABLE audit_records ON COMMIT DROP AS
SELECT livemode, client, as_of, convert_from(record, 'UTF8')::jsonb AS said
FROM clients JOIN audit_asked AS asked USING (project)
WHERE record IS NOT NULL AND (asked.clients IS NULL OR client = ANY(asked.clients));

CREATE TEMP TABLE audit_booked ON COMMIT DROP AS
SELECT livemode, client, key AS currency, pg_temp.fraction(value) AS amount
FROM audit_records, jsonb_each_text(said -> 'booked');

-- What a client's MRR in every currency is worth today where there is a base currency and a rate, else what it is.
CREATE TEMP TABLE audit_worth ON COMMIT DROP AS
SELECT livemode, client, coalesce(worth.currency, held.currency) AS currency,
       sum(coalesce(worth.amount, held.amount)) AS amount
FROM audit_records JOIN audit_asked AS asked ON true,
LATERAL (
    SELECT key AS currency, pg_temp.fraction(value) AS amount FROM jsonb_each_text(said -> 'exact_by_currency')
) AS held
LEFT JOIN LATERAL (
    SELECT asked.base AS currency, held.amount * num / den * power(10::numeric, base.digits - own.digits) AS amount
    FROM audit_rates AS rate JOIN audit_digits AS base ON base.currency = asked.base
    JOIN audit_digits AS own ON own.currency = rate.currency
    WHERE rate.currency = held.currency AND held.currency <> asked.base
      AND (day IS NULL OR day <= (CASE WHEN livemode THEN asked.at ELSE greatest(asked.at, as_of) END
                                  AT TIME ZONE asked.timezone)::date)
    ORDER BY day DESC NULLS LAST LIMIT 1
) AS worth ON true
GROUP BY livemode, client, 3;
