-- MRR of each subscription under each policy (`audit_policies`), with a hundred decimals: what differs at all, differs
-- by far more than these leave open.

CREATE OR REPLACE FUNCTION pg_temp.lowered(nets numeric[], often numeric[], meant bool[], percent numeric, off numeric)
RETURNS numeric[] LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg(CASE WHEN line.meant THEN net * stays ELSE net END ORDER BY place)
    FROM unnest(nets, often, meant) WITH ORDINALITY AS line (net, often, meant, place),
    (SELECT CASE WHEN percent IS NOT NULL THEN 1 - least(percent * 0.01, 1)
                 WHEN sum(net) > 0 AND off IS NOT NULL THEN 1 - least(off * max(often) / sum(net), 1)
                 ELSE 1 END AS stays
     FROM unnest(nets, often, meant) AS line (net, often, meant) WHERE line.meant AND net > 0) AS rest
$$;

-- The first line that fits decides.
CREATE TEMP TABLE audit_counting ON COMMIT DROP AS
SELECT policy.name AS policy, livemode, customer, subscription, CASE
    WHEN customer_deleted OR ends <= at THEN false
    WHEN status = 'trialing' AND NOT include_trials THEN false
    WHEN status = 'past_due' AND NOT include_past_due THEN false
    WHEN status = 'past_due' AND past_due.since + make_interval(days => past_due_churn_after_days) <= at THEN false
    WHEN status NOT IN ('active', 'trialing', 'past_due') THEN false
    WHEN leaves AND at_request THEN false
    WHEN held.pause IS NOT NULL AND NOT coalesce(resumes <= at, false)
         AND NOT (policy.pause = 'include' OR (policy.pause = 'by_behavior' AND held.pause = 'keep_as_draft'))
        THEN false
    ELSE true END AS counted
FROM audit_subscriptions AS held LEFT JOIN audit_past_due AS past_due USING (livemode, subscription)
CROSS JOIN audit_policies AS policy;
CREATE INDEX ON audit_counting (policy, livemode, subscription);

-- What counts, item by item: `net` a month, `often` the billing periods in one.
CREATE TEMP TABLE audit_monthly ON COMMIT DROP AS
SELECT policy, livemode, counting.customer, subscription, array_agg(place ORDER BY place) AS places,
       array_agg(item ORDER BY place) AS items, array_agg(product ORDER BY place) AS products,
       array_agg(amount * often ORDER BY place) AS nets, array_agg(often ORDER BY place) AS often,
       array_agg(CASE WHEN strip_inclusive_tax THEN taxed ELSE 1 END ORDER BY place) AS taxed
FROM audit_counting AS counting JOIN audit_items USING (livemode, subscription)
JOIN audit_policies AS options ON options.name = policy, LATERAL (
    SELECT CASE period WHEN 'month' THEN 1::numeric(1000, 100) / periods
                       WHEN 'year' THEN 1::numeric(1000, 100) / (12 * periods)
                       WHEN 'week' THEN week_num::numeric(1000, 100) / (week_den * periods)
                       WHEN 'day' THEN day_num::numeric(1000, 100) / (day_den * periods) END AS often
) AS month
WHERE counted AND period IS NOT NULL AND amount IS NOT NULL AND (include_metered OR NOT metered)
GROUP BY policy, livemode, counting.customer, subscription;
CREATE INDEX ON audit_monthly (policy, livemode, subscription);

-- One step for each discount that lowers: items' own first, then the subscription's or, where none holds there, the
-- customer's; in each, percentages before amounts.
CREATE TEMP TABLE audit_steps ON COMMIT DROP AS
SELECT policy, livemode, subscription, meant, percent, off,
       row_number() OVER (PARTITION BY policy, livemode, subscription
                          ORDER BY on_item DESC, item, percent IS NULL, place) AS step
FROM (
    SELECT policy, livemode, monthly.subscription, discount.item, place, percent, discount.item <> '' AS on_item,
           pg_temp.exact(off -> held.currency) AS off,
           (SELECT array_agg((discount.item IN ('', line.item))
                             AND (discount.products IS NULL OR coalesce(discount.products ? line.product, false))
                             ORDER BY nr)
            FROM unnest(monthly.items, monthly.products) WITH ORDINALITY AS line (item, product, nr)) AS meant
    FROM audit_monthly AS monthly JOIN audit_subscriptions AS held USING (livemode, customer, subscription)
    JOIN audit_policies AS options ON options.name = policy
    JOIN audit_discounts AS discount USING (livemode, customer)
    WHERE holds AND CASE duration WHEN 'forever' THEN forever WHEN 'repeating' THEN repeating ELSE once END
      AND (discount.subscription = monthly.subscription
           OR discount.subscription = '' AND NOT EXISTS (
               SELECT FROM audit_discounts AS own
               WHERE (own.livemode, own.customer, own.subscription, own.item)
                     = (discount.livemode, discount.customer, monthly.subscription, '') AND own.holds))
) AS found;
CREATE INDEX ON audit_steps (policy, livemode, subscription, step);
ANALYZE audit_steps;

CREATE TEMP TABLE audit_mrr ON COMMIT DROP AS
WITH RECURSIVE walk AS (
    SELECT policy, livemode, subscription, 0::bigint AS step, nets, often FROM audit_monthly
    UNION ALL
    SELECT policy, livemode, subscription, next.step, pg_temp.lowered(nets, often, meant, percent, off), often
    FROM walk JOIN audit_steps AS next USING (policy, livemode, subscription) WHERE next.step = walk.step + 1
), lowest AS (
    SELECT DISTINCT ON (policy, livemode, subscription) policy, livemode, subscription, nets FROM walk
    ORDER BY policy, livemode, subscription, step DESC
)
SELECT counting.policy, livemode, customer, subscription, held.currency, counted, is_sure, coalesce((
    SELECT sum(net / taxed) FROM unnest(lowest.nets, monthly.taxed) AS line (net, taxed)), 0) AS amount
FROM audit_counting AS counting JOIN audit_subscriptions AS held USING (livemode, customer, subscription)
LEFT JOIN lowest USING (policy, livemode, subscription)
LEFT JOIN audit_monthly AS monthly USING (policy, livemode, customer, subscription);
CREATE INDEX ON audit_mrr (policy, livemode, subscription);
ANALYZE audit_mrr;
