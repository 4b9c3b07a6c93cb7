-- The ids of messages whose producers do not number them, for as long as a duplicate may come.

-- The tables of ids, "foreign_ids_<period>"; the last one takes those that are new, and the oldest are dropped.
CREATE TABLE "{schema}".foreign_periods (
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at timestamptz,
    period integer NOT NULL,
    CONSTRAINT foreign_periods_pkey PRIMARY KEY (period)
);

COMMENT ON TABLE "{schema}".foreign_periods IS 'The tables of foreign messages'' ids.';

-- What each period's table is made like.
CREATE TABLE "{schema}".foreign_ids (
    consumer text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    PRIMARY KEY (consumer, id)
);

COMMENT ON TABLE "{schema}".foreign_ids IS 'Empty; the tables of ids are made like it.';

CREATE FUNCTION "{schema}".foreign_ids_table(period integer) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT format('%I.%I', '{schema}', 'foreign_ids_' || period) $$;

-- Begins the next period where the last one is old enough, and drops those that ended before all duplicates did; true when
-- it did either. Nobody takes ids meanwhile, so that the same id cannot get into two periods.
CREATE FUNCTION "{schema}".keep_foreign_ids(period_length interval, retention interval) RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    last record;
    going integer;
    has_changed boolean := false;
BEGIN
    SELECT p.period, p.opened_at INTO last FROM "{schema}".foreign_periods p ORDER BY p.period DESC LIMIT 1;
    IF last.opened_at > clock_timestamp() - period_length AND NOT EXISTS (
        SELECT FROM "{schema}".foreign_periods p WHERE p.closed_at < clock_timestamp() - retention
    ) THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('{schema}.foreign_ids', 0));
    -- Somebody else may have been faster.
    SELECT p.period, p.opened_at INTO last FROM "{schema}".foreign_periods p ORDER BY p.period DESC LIMIT 1;
    IF last.period IS NULL OR last.opened_at <= clock_timestamp() - period_length THEN
        EXECUTE format(
            'CREATE TABLE %s (LIKE "{schema}".foreign_ids INCLUDING ALL)',
            "{schema}".foreign_ids_table(coalesce(last.period, 0) + 1));
        UPDATE "{schema}".foreign_periods p SET closed_at = clock_timestamp() WHERE p.period = last.period;
        INSERT INTO "{schema}".foreign_periods (period) VALUES (coalesce(last.period, 0) + 1);
        has_changed := true;
    END IF;
    FOR going IN SELECT p.period FROM "{schema}".foreign_periods p WHERE p.closed_at < clock_timestamp() - retention LOOP
        DELETE FROM "{schema}".foreign_periods p WHERE p.period = going;
        EXECUTE format('DROP TABLE %s', "{schema}".foreign_ids_table(going));
        has_changed := true;
    END LOOP;
    RETURN has_changed;
END;
$$;

SELECT "{schema}".keep_foreign_ids(interval '1 day', interval '7 days');

-- Takes ids, no two the same, for a consumer; answers for each whether it is new. Whoever takes one that somebody else is
-- taking waits for how that ends.
CREATE FUNCTION "{schema}".take_ids(of_consumer text, ids text[]) RETURNS boolean[]
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
DECLARE
    short_ids text[];
    earlier integer;
    last integer;
    known text[] := '{}';
    fresh boolean[];
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('{schema}.foreign_ids', 0));
    short_ids := ARRAY(
        SELECT CASE WHEN octet_length(u.id) <= 500 THEN u.id
            ELSE 'sha256:' || encode(sha256(convert_to(u.id, 'UTF8')), 'hex') END
        FROM unnest(ids) WITH ORDINALITY u (id, place) ORDER BY u.place);
    SELECT max(p.period) INTO last FROM "{schema}".foreign_periods p;
    FOR earlier IN SELECT p.period FROM "{schema}".foreign_periods p WHERE p.period < last LOOP
        EXECUTE format(
            'SELECT $1 || ARRAY(SELECT f.id FROM %s f WHERE f.consumer = $2 AND f.id = ANY ($3))',
            "{schema}".foreign_ids_table(earlier))
        INTO known USING known, of_consumer, short_ids;
    END LOOP;
    -- In one order, so that nobody waits for one who waits for him.
    EXECUTE format(
        'WITH taken AS (
            INSERT INTO %s (consumer, id)
            SELECT $1, u.id FROM unnest($2) u (id) WHERE NOT u.id = ANY ($3) ORDER BY u.id
            ON CONFLICT DO NOTHING RETURNING id)
        SELECT ARRAY(SELECT t.id IS NOT NULL FROM unnest($2) WITH ORDINALITY u (id, place)
            LEFT JOIN taken t ON t.id = u.id ORDER BY u.place)', "{schema}".foreign_ids_table(last))
    INTO fresh USING of_consumer, short_ids, known;
    RETURN fresh;
END;
$$;
