-- What each item of each subscription costs a billing period, and every discount that sits somewhere, with its terms.

-- The lines as listed; the one plan of 2018 where there is no list.
CREATE TEMP TABLE audit_lines ON COMMIT DROP AS
SELECT livemode, customer, subscription, currency, charged_in, place::int, item,
       coalesce(nullif(item -> 'price', 'null'), item -> 'plan') AS price, object
FROM audit_subscriptions, LATERAL (
    SELECT CASE WHEN pg_temp.list(object -> 'items' -> 'data') <> '[]' THEN object -> 'items' -> 'data'
                WHEN jsonb_typeof(object -> 'plan') = 'object'
                THEN jsonb_build_array(jsonb_build_object('id', subscription || ':plan', 'plan', object -> 'plan',
                                                          'quantity', object -> 'quantity'))
                ELSE '[]' END AS listed
) AS own, LATERAL jsonb_array_elements(listed) WITH ORDINALITY AS t (item, place);

-- A price of several currencies is the one that is charged. `terms`: where its amounts stand.
CREATE TEMP TABLE audit_items ON COMMIT DROP AS
SELECT livemode, customer, subscription, place, item ->> 'id' AS item, pg_temp.id_of(price -> 'product') AS product,
       coalesce(price -> 'recurring' ->> 'interval', price ->> 'interval') AS period,
       coalesce(pg_temp.exact(price -> 'recurring' -> 'interval_count'), pg_temp.exact(price -> 'interval_count'), 1)
           AS periods,
       coalesce(price -> 'recurring' ->> 'usage_type', price ->> 'usage_type', 'licensed') = 'metered' AS metered,
       CASE WHEN lower(CASE WHEN terms IS NULL THEN price ->> 'currency' ELSE charged_in END) = currency
            THEN cost.amount END AS amount,
       1 + inclusive * 0.01 AS taxed
FROM audit_lines, LATERAL (
    SELECT CASE WHEN charged_in <> price ->> 'currency'
                THEN nullif(price -> 'currency_options' -> charged_in, 'null') END AS terms
) AS offered, LATERAL (
    SELECT coalesce(pg_temp.exact(item -> 'quantity'),
                    CASE WHEN coalesce(price -> 'recurring' ->> 'usage_type', price ->> 'usage_type') = 'metered'
                         THEN 0 ELSE 1 END) AS quantity,
           coalesce(nullif(price -> 'transform_quantity', 'null'), price -> 'transform_usage') AS package,
           coalesce(price ->> 'tiers_mode', CASE price ->> 'billing_scheme' WHEN 'tiered' THEN 'unknown' END) AS tiered,
           coalesce(terms, price) AS asked_for
) AS bought, LATERAL (
    SELECT coalesce(pg_temp.exact(asked_for -> 'unit_amount_decimal'),
                    CASE WHEN terms IS NULL THEN pg_temp.exact(price -> 'amount_decimal') END,
                    pg_temp.exact(asked_for -> 'unit_amount'),
                    CASE WHEN terms IS NULL THEN pg_temp.exact(price -> 'amount') END) AS unit
) AS plain, LATERAL (
    -- Graduated: what of each tier is reached. Volume: the one tier of the whole. Tiers that end early tell nothing.
    SELECT CASE price ->> 'tiers_mode'
           WHEN 'graduated' THEN sum(greatest(least(quantity, upper) - lower, 0) * each + flat)
                                     FILTER (WHERE nr = 1 OR lower < quantity)
           WHEN 'volume' THEN (array_agg(quantity * each + flat ORDER BY nr) FILTER (WHERE quantity <= upper))[1] END
               AS amount,
           max(upper) >= quantity AS is_enough
    FROM (
        SELECT nr, coalesce(pg_temp.exact(tier -> 'up_to'), 'Infinity') AS upper,
               coalesce(max(coalesce(pg_temp.exact(tier -> 'up_to'), 'Infinity')) OVER (
                   ORDER BY nr ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS lower,
               coalesce(pg_temp.exact(tier -> 'unit_amount_decimal'), pg_temp.exact(tier -> 'unit_amount'),
                        pg_temp.exact(tier -> 'amount'), 0) AS each,
               coalesce(pg_temp.exact(tier -> 'flat_amount_decimal'), pg_temp.exact(tier -> 'flat_amount'), 0) AS flat
        FROM jsonb_array_elements(pg_temp.list(asked_for -> 'tiers')) WITH ORDINALITY AS t (tier, nr)
    ) AS tiers
) AS in_tiers, LATERAL (
    SELECT CASE WHEN tiered IS NOT NULL THEN CASE WHEN is_enough THEN in_tiers.amount END
                WHEN jsonb_typeof(package) = 'object'
                THEN unit * div(CASE package ->> 'round'
                                WHEN 'up' THEN quantity + pg_temp.exact(package -> 'divide_by') - 1 ELSE quantity END,
                                pg_temp.exact(package -> 'divide_by'))
                ELSE unit * quantity END AS amount
) AS cost, LATERAL (
    -- The item's own tax rates, else the subscription's; one that is only named leaves the amount as it is.
    SELECT CASE WHEN bool_or(jsonb_typeof(rate) <> 'object') THEN 0
                ELSE coalesce(sum(pg_temp.exact(rate -> 'percentage')) FILTER (WHERE (rate ->> 'inclusive')::bool), 0)
           END AS inclusive
    FROM jsonb_array_elements(CASE WHEN pg_temp.list(item -> 'tax_rates') <> '[]' THEN item -> 'tax_rates'
                                   ELSE pg_temp.list(object -> 'default_tax_rates') END) AS rate
) AS tax;
CREATE INDEX ON audit_items (livemode, subscription);
ANALYZE audit_items;

-- Where discounts sit, as the objects show them. Between 2023 and 2025 `discount` spells out one of `discounts`.
CREATE TEMP TABLE audit_shown ON COMMIT DROP AS
SELECT livemode, customer, subscription, ''::text AS item, place::int,
       CASE WHEN pg_temp.id_of(object -> 'discount') = pg_temp.id_of(one)
                 AND jsonb_typeof(object -> 'discount') = 'object' THEN object -> 'discount' ELSE one END AS discount
FROM audit_subscriptions, LATERAL jsonb_array_elements(
    CASE WHEN pg_temp.list(object -> 'discounts') <> '[]' THEN object -> 'discounts'
         WHEN jsonb_typeof(object -> 'discount') IN ('object', 'string') THEN jsonb_build_array(object -> 'discount')
         ELSE '[]' END) WITH ORDINALITY AS t (one, place)
UNION ALL
SELECT livemode, customer, subscription, item ->> 'id', nr::int, one
FROM audit_lines, LATERAL jsonb_array_elements(pg_temp.list(item -> 'discounts')) WITH ORDINALITY AS t (one, nr);

-- With what events of their own say since: those removed are gone, those put on stand behind the others.
CREATE TEMP TABLE audit_attached ON COMMIT DROP AS
WITH news AS (
    SELECT applied.*, row_number() OVER (PARTITION BY livemode, applied.subscription, applied.item
                                         ORDER BY applied.created, applied.discount)::int AS nr
    FROM audit_applied AS applied JOIN audit_subscriptions AS held USING (livemode, customer, subscription)
    WHERE applied.created >= held.created
)
SELECT livemode, customer, subscription, item, place, discount FROM audit_shown AS shown
WHERE NOT EXISTS (SELECT FROM news WHERE (news.livemode, news.subscription, news.item)
                                         = (shown.livemode, shown.subscription, shown.item)
                                     AND news.removed AND news.discount = pg_temp.discount_id(shown.discount))
UNION ALL
SELECT livemode, customer, subscription, item, 1000000 + nr, object FROM news
WHERE NOT removed AND NOT EXISTS (
    SELECT FROM audit_shown AS shown WHERE (news.livemode, news.subscription, news.item)
                                           = (shown.livemode, shown.subscription, shown.item)
                                       AND news.discount = pg_temp.discount_id(shown.discount))
UNION ALL
-- The customer's own has no subscription: what the customer shows, unless a removal or a newer one is told of.
SELECT livemode, customer, '', '', 0, discount FROM (
    SELECT DISTINCT ON (livemode, customer) livemode, customer, discount
    FROM (
        SELECT livemode, customer, created, 1 AS turn, object -> 'discount' AS discount
        FROM audit_people AS people
        WHERE jsonb_typeof(people.object -> 'discount') IN ('object', 'string') AND NOT EXISTS (
            SELECT FROM audit_applied AS applied
            WHERE (applied.livemode, applied.customer) = (people.livemode, people.customer)
              AND subscription = '' AND removed AND applied.created >= people.created
              AND applied.discount = pg_temp.discount_id(people.object -> 'discount'))
        UNION ALL
        SELECT livemode, applied.customer, applied.created, 0, applied.object FROM audit_applied AS applied
        LEFT JOIN audit_people AS people USING (livemode, customer)
        WHERE subscription = '' AND NOT removed AND (people.created IS NULL OR applied.created >= people.created)
    ) AS told ORDER BY livemode, customer, created DESC, turn DESC
) AS own;

-- Terms of discounts that are shown without: as any object of the customer ever spelled them out, the latest.
CREATE TEMP TABLE audit_spelled ON COMMIT DROP AS
SELECT DISTINCT ON (livemode, customer, id) livemode, customer, pg_temp.discount_id(one) AS id, one AS discount
FROM (
    SELECT DISTINCT livemode, customer FROM audit_attached
    WHERE pg_temp.coupon_of(discount) ->> 'duration' IS NULL
       OR jsonb_typeof(discount -> 'start') IS DISTINCT FROM 'number'
) AS wanting CROSS JOIN audit_asked AS asked
JOIN object_versions AS versions USING (project, livemode, customer),
LATERAL (SELECT pg_temp.said(record) -> 'object' AS object) AS read,
LATERAL (
    SELECT object AS one WHERE kind = 'discount'
    UNION ALL SELECT object -> 'discount'
    UNION ALL SELECT * FROM jsonb_array_elements(pg_temp.list(object -> 'discounts'))
    UNION ALL SELECT inner_one FROM jsonb_array_elements(pg_temp.list(object -> 'items' -> 'data')) AS item,
              jsonb_array_elements(pg_temp.list(item -> 'discounts')) AS inner_one
) AS each
WHERE kind IN ('subscription', 'customer', 'discount') AND pg_temp.coupon_of(one) ->> 'duration' IS NOT NULL
ORDER BY livemode, customer, id, created DESC;

-- `until`: as Stripe says, or its months after its start.
CREATE TEMP TABLE audit_discounts ON COMMIT DROP AS
SELECT attached.livemode, attached.customer, subscription, attached.item, place, coupon ->> 'duration' AS duration,
       pg_temp.exact(coupon -> 'percent_off') AS percent, off.amount AS off,
       CASE WHEN jsonb_typeof(coupon -> 'applies_to' -> 'products') = 'array'
            THEN coupon -> 'applies_to' -> 'products' END AS products,
       coalesce(began <= at, true) AND coalesce(coalesce(ended, CASE WHEN coupon ->> 'duration' = 'repeating'
           THEN (began AT TIME ZONE 'UTC' + make_interval(months => pg_temp.exact(coupon -> 'duration_in_months')::int))
                AT TIME ZONE 'UTC' END) > at, true) AS holds,
       coupon
FROM audit_attached AS attached JOIN audit_customers USING (livemode, customer)
LEFT JOIN audit_spelled AS spelled ON (spelled.livemode, spelled.customer, spelled.id)
                                    = (attached.livemode, attached.customer, pg_temp.discount_id(attached.discount)),
LATERAL (
    SELECT CASE WHEN pg_temp.coupon_of(attached.discount) ->> 'duration' IS NOT NULL
                THEN pg_temp.coupon_of(attached.discount) ELSE pg_temp.coupon_of(spelled.discount) END AS coupon,
           pg_temp.moment(coalesce(CASE WHEN jsonb_typeof(attached.discount) = 'object'
                                        THEN nullif(attached.discount -> 'start', 'null') END,
                                   nullif(spelled.discount -> 'start', 'null'))) AS began,
           pg_temp.moment(coalesce(CASE WHEN jsonb_typeof(attached.discount) = 'object'
                                        THEN nullif(attached.discount -> 'end', 'null') END,
                                   nullif(spelled.discount -> 'end', 'null'))) AS ended
) AS terms, LATERAL (
    SELECT jsonb_object_agg(lower(code), amount) AS amount FROM (
        SELECT key AS code, value -> 'amount_off' AS amount
        FROM jsonb_each(CASE WHEN jsonb_typeof(coupon -> 'currency_options') = 'object'
                             THEN coupon -> 'currency_options' ELSE '{}' END)
        WHERE lower(key) IS DISTINCT FROM lower(coupon ->> 'currency')
        UNION ALL SELECT coupon ->> 'currency', coupon -> 'amount_off'
        WHERE coupon ->> 'currency' IS NOT NULL AND jsonb_typeof(coupon -> 'amount_off') = 'number'
    ) AS offs
) AS off;
