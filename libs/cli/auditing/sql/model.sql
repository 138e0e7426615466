-- What the topics say, as they were read into `audit_topic` up to where the read model has come: the record that counts
-- of each client, customer, subscription, movement and signal.

-- A client's own key; one with customers of both modes has two, and is shown in live mode. A tombstone ends what was
-- told under its key before.
CREATE TEMP TABLE audit_told_clients ON COMMIT DROP AS
SELECT DISTINCT ON (client) value ->> 'client' AS client, (value ->> 'livemode')::bool AS livemode, value
FROM audit_topic AS told JOIN audit_asked AS asked USING (project)
WHERE topic = 'revenue.clients' AND value IS NOT NULL AND NOT EXISTS (
    SELECT FROM audit_topic AS gone WHERE gone.topic = told.topic AND gone.project = told.project
                                      AND gone.key = told.key AND gone.value IS NULL AND gone.off > told.off)
ORDER BY client, livemode DESC, (value ->> 'revision')::bigint DESC, off DESC;
CREATE UNIQUE INDEX ON audit_told_clients (client);

-- Of two records that name a customer, the one with its later revision tells whose it is, and what it adds.
CREATE TEMP TABLE audit_told_customers ON COMMIT DROP AS
SELECT DISTINCT ON (livemode, customer) livemode, customer, client, revision, mapped, member, shares
FROM (
    SELECT (told.value ->> 'livemode')::bool AS livemode, member ->> 'customer' AS customer,
           told.value ->> 'client' AS client,
           told.value ->> 'client' <> 'customer:' || (member ->> 'customer') AS mapped, member,
           coalesce(told.value -> 'contributions' -> (member ->> 'customer'), '[]') AS shares, off,
           ARRAY[(member #>> '{revision,epoch}')::bigint, (member #>> '{revision,offset}')::bigint,
                 (member #>> '{revision,settings}')::bigint,
                 (extract(epoch FROM (member #>> '{revision,evaluated_at}')::timestamptz) * 1000000)::bigint]
               AS revision
    FROM audit_topic AS told JOIN audit_asked AS asked USING (project),
    jsonb_array_elements(told.value -> 'members') AS member
    WHERE topic = 'revenue.clients' AND told.value IS NOT NULL
) AS named ORDER BY livemode, customer, revision DESC, off DESC;
CREATE UNIQUE INDEX ON audit_told_customers (livemode, customer);

CREATE TEMP TABLE audit_told_shares ON COMMIT DROP AS
SELECT livemode, share ->> 'subscription' AS subscription, customer, client, share ->> 'currency' AS currency,
       pg_temp.fraction(share ->> 'exact') AS amount, (share ->> 'counted')::bool AS counted, share ->> 'rule' AS rule
FROM audit_told_customers, jsonb_array_elements(shares) AS share;
CREATE UNIQUE INDEX ON audit_told_shares (livemode, subscription);

CREATE TEMP TABLE audit_told_movements ON COMMIT DROP AS
SELECT DISTINCT ON (livemode, id) (value ->> 'livemode')::bool AS livemode, value ->> 'id' AS id, value,
       (value ->> 'occurred_at')::timestamptz AS occurred_at, coalesce((value ->> 'deleted')::bool, false) AS deleted
FROM audit_topic AS told JOIN audit_asked AS asked USING (project)
WHERE topic = 'revenue.movements' AND value IS NOT NULL
ORDER BY livemode, id, (value ->> 'revision')::bigint DESC, off DESC;
CREATE UNIQUE INDEX ON audit_told_movements (livemode, id);

CREATE TEMP TABLE audit_told_signals ON COMMIT DROP AS
SELECT DISTINCT ON (id) value ->> 'id' AS id, value
FROM audit_topic AS told JOIN audit_asked AS asked USING (project) WHERE topic = 'churn.signals' AND value IS NOT NULL
ORDER BY id, (value ->> 'updated_at')::timestamptz DESC, off DESC;

CREATE TEMP TABLE audit_told_health ON COMMIT DROP AS
SELECT DISTINCT ON (client) value ->> 'client' AS client, value
FROM audit_topic AS told JOIN audit_asked AS asked USING (project) WHERE topic = 'clients.health' AND value IS NOT NULL
ORDER BY client, (value ->> 'as_of')::timestamptz DESC, off DESC;
ANALYZE audit_told_clients, audit_told_customers, audit_told_shares, audit_told_movements;
