-- What all comparisons are told in. Amounts have a hundred decimals: what differs at all differs by far more than these
-- leave open.

CREATE OR REPLACE FUNCTION pg_temp.fraction(value text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT split_part(value, '/', 1)::numeric(1000, 100) / coalesce(nullif(split_part(value, '/', 2), '')::numeric, 1)
$$;
CREATE OR REPLACE FUNCTION pg_temp.differ(one numeric, other numeric) RETURNS bool LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(abs(one - other) > 1e-50, one IS DISTINCT FROM other)
$$;
CREATE OR REPLACE FUNCTION pg_temp.shown(amount numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(trim_scale(round(amount, 20))::text, 'nothing')
$$;
