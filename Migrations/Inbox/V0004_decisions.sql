-- What an operator has decided of a partition. What was decided of a message is kept with its letter.
CREATE TABLE "{schema}".decisions (
    decision bigint GENERATED ALWAYS AS IDENTITY,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    partition integer NOT NULL,
    what text COLLATE "C" NOT NULL,
    topic text COLLATE "C" NOT NULL,
    consumer text COLLATE "C" NOT NULL,
    -- What it was about: why the partition had stopped.
    problem text NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    CONSTRAINT decisions_pkey PRIMARY KEY (decision),
    CONSTRAINT decisions_what_check CHECK (what IN ('accepted_hole')),
    CONSTRAINT decisions_reason_check CHECK (btrim(reason) <> '' AND btrim(actor) <> '')
);

COMMENT ON TABLE "{schema}".decisions IS 'Which missing messages an operator has accepted, with who it was and why.';
