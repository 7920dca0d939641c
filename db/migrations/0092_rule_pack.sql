-- Versions of rule packs that a tenant uploaded, and from when on which one applies (core/incident/pack_use.h). Rows are only
-- added: a version never changes, and going back to an earlier one is another use of it.
CREATE TABLE rule_pack (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    content TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    created_by_id BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, name, version)
);

-- number: 1, 2, … of a pack; of two uses from the same time the later number counts. version: packaged or uploaded; '': the
-- packaged ones, each in its own time.
CREATE TABLE rule_pack_use (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    name TEXT NOT NULL,
    number BIGINT NOT NULL CHECK (number >= 1),
    version TEXT NOT NULL,
    from_us BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    created_by_id BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, name, number)
);
