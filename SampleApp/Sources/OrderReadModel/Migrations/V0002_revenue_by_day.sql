-- What came in and went out on each day, in UTC.

-- Counters, which would be wrong if an event were counted twice: only the checkpoint in the same transaction makes
-- them right. Written by the projection "revenue_by_day" only.
CREATE TABLE "{schema}".revenue_by_day (
    paid_cents bigint NOT NULL,
    refunded_cents bigint NOT NULL,
    paid_orders bigint NOT NULL,
    refunded_orders bigint NOT NULL,
    day date NOT NULL,
    CONSTRAINT revenue_by_day_pkey PRIMARY KEY (day)
);

COMMENT ON TABLE "{schema}".revenue_by_day IS
    'Payments on the day of the payment and refunds on the day of the refund; revenue is their difference.';
