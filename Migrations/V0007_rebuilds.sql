-- What making a read model anew needs: the log of swaps, and what one table takes over from another.

-- Where a build of a past state is to end; null for one that follows the log.
ALTER TABLE "{schema}".projection_builds ADD COLUMN until_position bigint;

-- Each time that another build became the one that is read: the only times at which a read model's positions may fall.
CREATE TABLE "{schema}".projection_swaps (
    swap bigint GENERATED ALWAYS AS IDENTITY,
    swapped_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    build bigint NOT NULL,
    replaced_build bigint NOT NULL,
    position bigint NOT NULL,
    replaced_position bigint NOT NULL,
    version integer NOT NULL,
    replaced_version integer NOT NULL,
    projection text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    -- The database's user who did it.
    actor text NOT NULL DEFAULT session_user,
    CONSTRAINT projection_swaps_pkey PRIMARY KEY (swap),
    CONSTRAINT projection_swaps_kind_check CHECK (kind IN ('rebuild', 'rollback'))
);

COMMENT ON TABLE "{schema}".projection_swaps IS 'When which build of a projection became the one that is read.';

-- How many rows a table has, and a sum over their texts that does not depend on their order. A bare alias would mean the
-- column of that name where the table has one.
CREATE FUNCTION "{schema}".table_checksum(sum_of regclass, OUT row_count bigint, OUT checksum numeric)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    EXECUTE format(
        'SELECT count(*), coalesce(sum(hashtextextended((martlet_row.*)::text, 0)::numeric), 0) FROM %s martlet_row',
        sum_of)
    INTO row_count, checksum;
END;
$$;

COMMENT ON FUNCTION "{schema}".table_checksum IS 'Tells whether two tables of the same shape have the same rows.';

-- How many rows of two tables of the same shape differ, and the keys of some of them; without a primary key a row is
-- its own.
CREATE FUNCTION "{schema}".table_differences(
    one regclass, other regclass, OUT difference_count bigint, OUT examples text[]
)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    key text;
BEGIN
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.place) INTO key
    FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k (attnum, place), pg_attribute a
    WHERE i.indrelid = one AND i.indisprimary AND a.attrelid = one AND a.attnum = k.attnum;
    EXECUTE format(
        'SELECT count(*), (array_agg(d.key::text))[1:5] FROM ('
        || CASE WHEN key IS NULL
            THEN '(SELECT (martlet_row.*)::text FROM %2$s martlet_row EXCEPT ALL'
                || ' SELECT (martlet_row.*)::text FROM %3$s martlet_row) UNION ALL'
                || ' (SELECT (martlet_row.*)::text FROM %3$s martlet_row EXCEPT ALL'
                || ' SELECT (martlet_row.*)::text FROM %2$s martlet_row)'
            ELSE 'SELECT concat_ws('', '', %1$s)'
                || ' FROM (SELECT %1$s, (martlet_row.*)::text AS martlet_one FROM %2$s martlet_row) one'
                || ' FULL JOIN (SELECT %1$s, (martlet_row.*)::text AS martlet_other FROM %3$s martlet_row) other'
                || ' USING (%1$s) WHERE martlet_one IS DISTINCT FROM martlet_other'
        END || ') d (key)', key, one, other)
    INTO difference_count, examples;
END;
$$;

COMMENT ON FUNCTION "{schema}".table_differences IS 'How many rows two tables of the same shape do not share.';

-- Lets those read and write a table who may read and write another: what was granted after that was made.
CREATE FUNCTION "{schema}".copy_grants(source regclass, target regclass) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('GRANT %s ON %s TO %s%s', g.privilege_type, target, g.grantee, g.option)
        FROM (
            SELECT e.privilege_type, CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS option,
                CASE WHEN e.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END AS grantee
            FROM pg_class c, aclexplode(c.relacl) e WHERE c.oid = source
            UNION ALL
            SELECT format('%s (%I)', e.privilege_type, a.attname),
                CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END,
                CASE WHEN e.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END
            FROM pg_attribute a, aclexplode(a.attacl) e
            WHERE a.attrelid = source AND NOT a.attisdropped AND EXISTS (
                SELECT FROM pg_attribute t WHERE t.attrelid = target AND t.attname = a.attname AND NOT t.attisdropped)
        ) g
    LOOP
        EXECUTE statement;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION "{schema}".copy_grants IS 'Gives a table the grants of another one.';
