-- Values of a tenant's settings (core/setting/setting.h): from effective_us on value, until then value_before. A setting
-- without a row has its default. version: as state_change counts it.
CREATE TABLE setting (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    name TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    value BIGINT NOT NULL CHECK (value >= 1),
    value_before BIGINT NOT NULL CHECK (value_before >= 1),
    effective_us BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    changed_by_id BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
