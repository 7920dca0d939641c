-- The simulated clock of a drill instance. It belongs to the instance; the row stands with the tenant whose
-- administrator moved it, and the largest offset of all rows is in force, so that time never goes back.
CREATE TABLE drill_clock (
    tenant_id BYTEA NOT NULL,
    offset_us BIGINT NOT NULL CHECK (offset_us >= 0),
    set_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id),
    FOREIGN KEY (tenant_id) REFERENCES tenant (tenant_id)
);
