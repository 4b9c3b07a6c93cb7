-- How the members of a group share the partitions of topics, and how far the group has come in each.

-- Whoever changes anything of a group but a committed offset locks its row first. So members that come together see each
-- other, and nobody waits for one who waits for him.
CREATE TABLE "{schema}".groups (
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    group_name text COLLATE "C" NOT NULL,
    CONSTRAINT groups_pkey PRIMARY KEY (group_name)
);

COMMENT ON TABLE "{schema}".groups IS 'The groups of readers.';

-- Who reads now, and what.
CREATE TABLE "{schema}".group_members (
    expires_at timestamptz NOT NULL,
    member uuid NOT NULL,
    group_name text COLLATE "C" NOT NULL,
    topics integer[] NOT NULL,
    CONSTRAINT group_members_pkey PRIMARY KEY (group_name, member),
    CONSTRAINT group_members_group_fkey FOREIGN KEY (group_name) REFERENCES "{schema}".groups ON DELETE CASCADE
) WITH (fillfactor = 50);

COMMENT ON TABLE "{schema}".group_members IS 'The readers of each group, as long as they say so.';

-- Counts the times that a partition has come to a member, of all groups: a group or a topic that was deleted and made
-- again does not meet an epoch that a reader of the old one still has.
CREATE SEQUENCE "{schema}".group_epochs;

-- Who reads each partition, by this database's clock. Beside the offsets, which change with each commit: renewing a lease
-- does not look through their dead versions.
CREATE TABLE "{schema}".group_leases (
    leased_until timestamptz NOT NULL DEFAULT '-infinity',
    epoch bigint NOT NULL DEFAULT 0,
    topic integer NOT NULL,
    partition integer NOT NULL,
    member uuid,
    group_name text COLLATE "C" NOT NULL,
    CONSTRAINT group_leases_pkey PRIMARY KEY (group_name, topic, partition),
    CONSTRAINT group_leases_group_fkey FOREIGN KEY (group_name) REFERENCES "{schema}".groups ON DELETE CASCADE,
    CONSTRAINT group_leases_topic_fkey FOREIGN KEY (topic) REFERENCES "{schema}".topics ON DELETE CASCADE
) WITH (fillfactor = 50);

COMMENT ON TABLE "{schema}".group_leases IS 'Which member of a group reads which partition, and until when.';

-- Where each group goes on. A commit finds its row by where it stands (ctid), as "sequences" are found, and counts only
-- under the epoch of the last lease.
CREATE TABLE "{schema}".group_offsets (
    epoch bigint NOT NULL DEFAULT 0,
    -- The offset of the next record to be read; null where nothing has been committed.
    committed bigint,
    committed_at timestamptz,
    -- Whether somebody has set the group there, and no member has committed since.
    is_sought boolean NOT NULL DEFAULT false,
    topic integer NOT NULL,
    partition integer NOT NULL,
    group_name text COLLATE "C" NOT NULL,
    CONSTRAINT group_offsets_pkey PRIMARY KEY (group_name, topic, partition),
    CONSTRAINT group_offsets_group_fkey FOREIGN KEY (group_name) REFERENCES "{schema}".groups ON DELETE CASCADE,
    CONSTRAINT group_offsets_topic_fkey FOREIGN KEY (topic) REFERENCES "{schema}".topics ON DELETE CASCADE,
    CONSTRAINT group_offsets_committed_check CHECK (committed >= 0)
) WITH (fillfactor = 50);

COMMENT ON TABLE "{schema}".group_offsets IS 'How far each group has come in each partition.';

-- Keeps all others from changing a group, which is made where it is missing, until the transaction has ended.
CREATE FUNCTION "{schema}".lock_group(wanted text) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    LOOP
        PERFORM FROM "{schema}".groups g WHERE g.group_name = wanted FOR NO KEY UPDATE;
        EXIT WHEN FOUND;
        INSERT INTO "{schema}".groups (group_name) VALUES (wanted) ON CONFLICT ON CONSTRAINT groups_pkey DO NOTHING;
    END LOOP;
END;
$$;

-- Gives a group, whose row is locked, its rows of a topic's partitions, as many as there are by now. Those that were added
-- since it began with the topic it reads from their beginning: a group that began at the end misses nothing in them.
CREATE FUNCTION "{schema}".add_partitions(to_group text, of_topic integer) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
DECLARE
    there integer;
    wanted integer;
BEGIN
    SELECT t.partitions INTO wanted FROM "{schema}".topics t WHERE t.topic = of_topic;
    SELECT count(*) INTO there FROM "{schema}".group_leases l WHERE l.group_name = to_group AND l.topic = of_topic;
    IF there < wanted THEN
        INSERT INTO "{schema}".group_leases (topic, partition, group_name)
        SELECT of_topic, p, to_group FROM generate_series(there, wanted - 1) p;
        INSERT INTO "{schema}".group_offsets (committed, topic, partition, group_name)
        SELECT CASE WHEN there > 0 THEN 0 END, of_topic, p, to_group FROM generate_series(there, wanted - 1) p;
    END IF;
END;
$$;

-- Has a group's members look at once whether their shares have changed; sent with the commit.
CREATE FUNCTION "{schema}".call_group(called text) RETURNS void
LANGUAGE sql VOLATILE
AS $$
    SELECT pg_notify('{schema}_progress', 'group:' || encode(convert_to(called, 'UTF8'), 'hex'))
$$;

-- How many members of a group read now.
CREATE FUNCTION "{schema}".active_members(of_group text) RETURNS bigint
LANGUAGE sql VOLATILE
SET enable_seqscan = off
AS $$
    SELECT count(*) FROM "{schema}".group_members m
    WHERE m.group_name = of_group AND m.expires_at >= clock_timestamp()
$$;
