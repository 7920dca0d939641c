-- What the status services publish. Everything here is public by nature.

-- dirty_count counts revocations in the shard; clean_count is its value that the published CRL contains.
-- The publisher that holds the lease signs; crl is the published DER, so that any node can write the file.
CREATE TABLE crl_shard (
    tenant_id BYTEA NOT NULL,
    issuer_id BYTEA NOT NULL,
    shard BIGINT NOT NULL,
    number BIGINT NOT NULL,
    this_update_us BIGINT NOT NULL,
    next_update_us BIGINT NOT NULL,
    dirty_count BIGINT NOT NULL,
    clean_count BIGINT NOT NULL,
    lease_until_us BIGINT NOT NULL,
    crl BYTEA,
    PRIMARY KEY (tenant_id, issuer_id, shard),
    FOREIGN KEY (tenant_id, issuer_id) REFERENCES issuer (tenant_id, issuer_id)
);
CREATE INDEX crl_shard_by_update ON crl_shard (tenant_id, next_update_us);
CREATE INDEX crl_shard_by_publication ON crl_shard (tenant_id, this_update_us);
CREATE INDEX crl_shard_dirty ON crl_shard (tenant_id, issuer_id, shard) WHERE dirty_count > clean_count;
