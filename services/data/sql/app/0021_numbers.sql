-- Counters of numbered fields: the greatest number given, by entity, field id, and the text around the number.
-- Numbers without `gapless` are taken in transactions of their own, others in that of the record.
CREATE TABLE data.numbers (
    entity int NOT NULL,
    field  int NOT NULL,
    key    text NOT NULL,
    last   bigint NOT NULL,
    PRIMARY KEY (entity, field, key)
);
