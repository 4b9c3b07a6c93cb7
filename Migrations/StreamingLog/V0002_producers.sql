-- Who adds to partitions.

-- Who appends under a name that outlives it. An epoch that rises shuts out whoever has a lower one. Those who append
-- under a name of their own are not here.
CREATE TABLE "{schema}".producers (
    epoch bigint NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    producer text COLLATE "C" NOT NULL,
    CONSTRAINT producers_pkey PRIMARY KEY (producer)
);

COMMENT ON TABLE "{schema}".producers IS 'The epoch of each producer that others take over from.';

-- The last that each has appended to each partition. Changed by each append, and found by where it stands (ctid), which
-- the producer remembers: dead versions that nobody may remove yet would make finding it by its key ever slower. For the
-- same reason no unique constraint looks through them at each change; that there is one row for each producer and partition
-- follows from the partition's lock, which whoever adds one holds.
CREATE TABLE "{schema}".sequences (
    last_sequence bigint NOT NULL,
    appended_at timestamptz NOT NULL,
    topic integer NOT NULL,
    partition integer NOT NULL,
    producer text COLLATE "C" NOT NULL,
    CONSTRAINT sequences_topic_fkey FOREIGN KEY (topic) REFERENCES "{schema}".topics ON DELETE CASCADE
) WITH (fillfactor = 50);

CREATE INDEX sequences_key_idx ON "{schema}".sequences (producer, topic, partition);
-- So that the table can be published, as part of a whole database: it has no primary key.
ALTER TABLE "{schema}".sequences REPLICA IDENTITY FULL;

COMMENT ON TABLE "{schema}".sequences IS 'How far each producer has come in each partition.';

-- Keeps all others from appending to partitions until the transaction has ended; in one order, so that nobody waits for
-- one who waits for him.
CREATE FUNCTION "{schema}".lock_partitions(of_topic integer, partitions integer[]) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    place integer;
BEGIN
    FOR place IN SELECT DISTINCT p FROM unnest(partitions) p ORDER BY p LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended('{schema}', of_topic::bigint << 16 | place));
    END LOOP;
END;
$$;

-- Takes note that a producer has come, under the epoch that is named or the next one, and answers with it; null when
-- there is a higher one.
CREATE FUNCTION "{schema}".register(by_producer text, by_epoch bigint) RETURNS bigint
LANGUAGE sql VOLATILE
AS $$
    INSERT INTO "{schema}".producers AS p (epoch, producer) VALUES (coalesce(by_epoch, 1), by_producer)
    ON CONFLICT ON CONSTRAINT producers_pkey DO UPDATE
    SET epoch = coalesce(by_epoch, p.epoch + 1), registered_at = clock_timestamp()
    WHERE by_epoch IS NULL OR by_epoch >= p.epoch
    RETURNING epoch
$$;

-- The last sequence of a producer in each partition of a topic, -1 for none. What of it is being appended is waited for.
CREATE FUNCTION "{schema}".last_sequences(by_producer text, of_topic integer) RETURNS bigint[]
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    last_partition integer;
BEGIN
    SELECT t.partitions - 1 INTO last_partition FROM "{schema}".topics t WHERE t.topic = of_topic;
    PERFORM "{schema}".lock_partitions(
        of_topic, ARRAY(SELECT p FROM generate_series(0, last_partition) p));
    RETURN ARRAY(
        SELECT coalesce(q.last_sequence, -1) FROM generate_series(0, last_partition) p
        LEFT JOIN "{schema}".sequences q ON q.producer = by_producer AND q.topic = of_topic AND q.partition = p
        ORDER BY p);
END;
$$;
