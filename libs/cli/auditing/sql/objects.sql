-- Stripe's own objects as they stand, out of the raw versions: what `docs/mrr.md` counts from. Nothing here is shared
-- with the product's rules. Of one project (`audit_asked`), for the length of a transaction.

CREATE OR REPLACE FUNCTION pg_temp.exact(value jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN value #>> '{}' ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]{1,2})?$' THEN (value #>> '{}')::numeric END
$$;
CREATE OR REPLACE FUNCTION pg_temp.moment(value jsonb) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT to_timestamp(pg_temp.exact(value)::double precision)
$$;
-- What may be given as an id or as the whole object.
CREATE OR REPLACE FUNCTION pg_temp.id_of(value jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE jsonb_typeof(value) WHEN 'string' THEN nullif(value #>> '{}', '') WHEN 'object' THEN value ->> 'id' END
$$;
CREATE OR REPLACE FUNCTION pg_temp.list(value jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN jsonb_typeof(value) = 'array' THEN value ELSE '[]' END
$$;
CREATE OR REPLACE FUNCTION pg_temp.said(record bytea) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT convert_from(record, 'UTF8')::jsonb
$$;
-- A discount's coupon stands in it, or since 2025 in its source; it may be an id only.
CREATE OR REPLACE FUNCTION pg_temp.coupon_of(discount jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN jsonb_typeof(discount -> 'source') = 'object' THEN discount -> 'source' -> 'coupon'
                ELSE discount -> 'coupon' END
$$;
CREATE OR REPLACE FUNCTION pg_temp.discount_id(discount jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(pg_temp.id_of(discount), 'coupon:' || pg_temp.id_of(pg_temp.coupon_of(discount)))
$$;

-- Each customer with the instant at which it is looked at: a test account's own clock may be ahead of ours.
CREATE TEMP TABLE audit_customers ON COMMIT DROP AS
SELECT livemode, customer,
       CASE WHEN livemode THEN asked.at
            ELSE greatest(asked.at, max(created) FILTER (WHERE kind IN ('subscription', 'customer', 'discount',
                                                                       'invoice'))) END AS at
FROM object_versions JOIN audit_asked AS asked USING (project)
WHERE kind IN ('subscription', 'customer', 'discount', 'invoice')
  AND (asked.customers IS NULL OR customer = ANY(asked.customers))
GROUP BY livemode, customer, asked.at;
CREATE UNIQUE INDEX ON audit_customers (livemode, customer);
ANALYZE audit_customers;

-- The newest version of each subscription and customer, all of a tie: what has ended stays so, whatever comes later.
CREATE TEMP TABLE audit_newest ON COMMIT DROP AS
SELECT livemode, customer, at, kind, object_id, created, rank, event_id, said -> 'object' AS object,
       said -> 'previous_attributes' AS previous, pg_temp.list(said -> 'incomplete') <> '[]' AS lacks
FROM (
    SELECT versions.livemode, customer, people.at, kind, object_id, created, rank, event_id, record,
           dense_rank() OVER (PARTITION BY versions.livemode, customer, object_id
                              ORDER BY rank >= 4 DESC, created DESC, rank DESC) AS place
    FROM object_versions AS versions JOIN audit_asked AS asked USING (project)
    JOIN audit_customers AS people USING (livemode, customer)
    WHERE kind IN ('subscription', 'customer') AND created <= people.at + interval '5 minutes'
) AS found, LATERAL (SELECT pg_temp.said(record) AS said) AS read
WHERE place = 1;

-- Within a tie: of one event the complete telling; then not what another one says that it was before.
CREATE TEMP TABLE audit_standing ON COMMIT DROP AS
WITH tellings AS (
    SELECT *, count(*) OVER (PARTITION BY livemode, customer, object_id) AS tied,
           row_number() OVER (PARTITION BY livemode, customer, object_id, event_id ORDER BY lacks) AS telling,
           bool_or(NOT lacks) OVER (PARTITION BY livemode, customer, object_id) AS has_whole
    FROM audit_newest
), kept AS (
    SELECT * FROM tellings WHERE tied = 1
    OR (event_id IS NOT NULL AND telling = 1) OR (event_id IS NULL AND NOT (lacks AND has_whole))
), contested AS MATERIALIZED (
    SELECT * FROM kept WHERE tied > 1
), last AS (
    SELECT * FROM kept WHERE tied = 1
    UNION ALL
    SELECT * FROM contested AS one WHERE NOT EXISTS (
        SELECT FROM contested AS other
        WHERE (other.livemode, other.customer, other.object_id) = (one.livemode, one.customer, one.object_id)
          AND jsonb_typeof(other.previous) = 'object' AND other.object <> one.object
          AND jsonb_strip_nulls(one.object) @> jsonb_strip_nulls(other.previous)
    )
)
SELECT DISTINCT ON (livemode, customer, object_id) livemode, customer, at, kind, object_id, created, rank, object,
       min(object::text) OVER together = max(object::text) OVER together AS is_sure
FROM last WINDOW together AS (PARTITION BY livemode, customer, object_id)
ORDER BY livemode, customer, object_id, lacks, event_id;

-- What events of their own tell of discounts: put on or removed, and where.
CREATE TEMP TABLE audit_applied ON COMMIT DROP AS
SELECT DISTINCT ON (livemode, customer, discount, subscription, item)
       livemode, customer, pg_temp.discount_id(object) AS discount,
       coalesce(pg_temp.id_of(object -> 'subscription'), '') AS subscription,
       coalesce(pg_temp.id_of(object -> 'subscription_item'), '') AS item, created, object,
       said ->> 'type' LIKE '%.deleted' OR coalesce((object ->> 'deleted')::bool, false) AS removed
FROM object_versions AS versions JOIN audit_asked AS asked USING (project)
JOIN audit_customers AS people USING (livemode, customer),
LATERAL (SELECT pg_temp.said(record) AS said) AS read, LATERAL (SELECT said -> 'object' AS object) AS shown
WHERE kind = 'discount' AND created <= people.at + interval '5 minutes'
ORDER BY livemode, customer, discount, subscription, item, created DESC, rank DESC;

CREATE TEMP TABLE audit_people ON COMMIT DROP AS
SELECT livemode, customer, created, object, rank >= 4 OR coalesce((object ->> 'deleted')::bool, false) AS deleted
FROM audit_standing WHERE kind = 'customer';

CREATE TEMP TABLE audit_subscriptions ON COMMIT DROP AS
SELECT livemode, standing.customer, standing.at, object_id AS subscription, standing.created, standing.object, is_sure,
       standing.object ->> 'status' AS status, coalesce(people.deleted, false) AS customer_deleted,
       pg_temp.moment(coalesce(
           nullif(standing.object -> 'ended_at', 'null'), nullif(standing.object -> 'cancel_at', 'null'),
           CASE WHEN (standing.object ->> 'cancel_at_period_end')::bool
                THEN CASE WHEN own.has_period THEN standing.object -> 'current_period_end' ELSE own.last_end END END
       )) AS ends,
       coalesce((standing.object ->> 'cancel_at_period_end')::bool, false)
           OR jsonb_typeof(standing.object -> 'cancel_at') = 'number' AS leaves,
       standing.object -> 'pause_collection' ->> 'behavior' AS pause,
       pg_temp.moment(standing.object -> 'pause_collection' -> 'resumes_at') AS resumes,
       pg_temp.moment(CASE WHEN own.has_period THEN standing.object -> 'current_period_start' ELSE own.first_start END)
           AS period_start,
       standing.object ->> 'currency' AS charged_in,
       lower(coalesce(nullif(standing.object ->> 'currency', ''), own.first_currency,
                      standing.object -> 'plan' ->> 'currency')) AS currency
FROM audit_standing AS standing LEFT JOIN audit_people AS people USING (livemode, customer),
LATERAL (
    SELECT jsonb_typeof(standing.object -> 'current_period_start') = 'number'
               OR jsonb_typeof(standing.object -> 'current_period_end') = 'number' AS has_period,
           to_jsonb(max(pg_temp.exact(item -> 'current_period_end'))) AS last_end,
           to_jsonb(min(pg_temp.exact(item -> 'current_period_start'))) AS first_start,
           (array_agg(coalesce(item -> 'price' ->> 'currency', item -> 'plan' ->> 'currency') ORDER BY place))[1]
               AS first_currency
    FROM jsonb_array_elements(pg_temp.list(standing.object -> 'items' -> 'data')) WITH ORDINALITY AS t (item, place)
) AS own
WHERE standing.kind = 'subscription';
CREATE UNIQUE INDEX ON audit_subscriptions (livemode, subscription);
ANALYZE audit_subscriptions;

-- Since when what is past due is so without a break; where nothing tells of before, since its period began.
CREATE TEMP TABLE audit_past_due ON COMMIT DROP AS
WITH told AS (
    SELECT livemode, subscription, held.period_start AS held_start, versions.created, rank,
           read.object ->> 'status' AS status,
           coalesce(pg_temp.moment(read.object -> 'current_period_start'), (
               SELECT pg_temp.moment(to_jsonb(min(pg_temp.exact(item -> 'current_period_start'))))
               FROM jsonb_array_elements(pg_temp.list(read.object -> 'items' -> 'data')) AS item)) AS period_start
    FROM audit_subscriptions AS held CROSS JOIN audit_asked AS asked
    JOIN object_versions AS versions USING (project, livemode, customer),
    LATERAL (SELECT pg_temp.said(record) -> 'object' AS object) AS read
    WHERE held.status = 'past_due' AND versions.object_id = held.subscription AND rank < 4
      AND versions.created <= held.at + interval '5 minutes'
), broken AS (
    SELECT DISTINCT ON (livemode, subscription) livemode, subscription, created, rank
    FROM told WHERE status <> 'past_due'
    ORDER BY livemode, subscription, created DESC, rank DESC
), run AS (
    SELECT DISTINCT ON (livemode, subscription) told.*, broken.created IS NOT NULL AS is_known
    FROM told LEFT JOIN broken USING (livemode, subscription)
    WHERE told.status = 'past_due'
      AND (broken.created IS NULL OR (told.created, told.rank) > (broken.created, broken.rank))
    ORDER BY livemode, subscription, told.created, told.rank
)
SELECT livemode, subscription,
       CASE WHEN is_known THEN created WHEN versions = 1 THEN held_start
            ELSE least(created, coalesce(period_start, created)) END AS since
FROM run JOIN (SELECT livemode, subscription, count(DISTINCT (created, rank)) AS versions FROM told GROUP BY 1, 2)
    AS counted USING (livemode, subscription);
