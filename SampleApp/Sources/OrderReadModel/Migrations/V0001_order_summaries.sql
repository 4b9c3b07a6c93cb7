-- What a clerk wants to see of each order, one row an order.

-- Columns are ordered by width. Written by the projection "order_summaries" only.
CREATE TABLE "{schema}".order_summaries (
    -- Where the order was placed in the log: the order of lists, and the key of their pages.
    placed_position bigint NOT NULL,
    -- The last event of the order that this row knows.
    last_position bigint NOT NULL,
    version bigint NOT NULL,
    total_cents bigint NOT NULL,
    item_count bigint NOT NULL,
    placed_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    order_id text COLLATE "C" NOT NULL,
    customer text NOT NULL,
    status text COLLATE "C" NOT NULL,
    CONSTRAINT order_summaries_pkey PRIMARY KEY (order_id),
    CONSTRAINT order_summaries_placed_position_key UNIQUE (placed_position),
    CONSTRAINT order_summaries_status_check CHECK (status IN ('placed', 'paid', 'shipped', 'cancelled'))
);

CREATE INDEX order_summaries_status_idx ON "{schema}".order_summaries (status, placed_position);

COMMENT ON TABLE "{schema}".order_summaries IS
    'One row per order, made from the log; can be dropped and built again.';
