-- The published CRL apart from the shard's counters: each revocation changes the counters, and SQLite writes a row as a
-- whole, with half a megabyte of CRL in it where a million certificates are revoked.
CREATE TABLE crl_file (
    tenant_id BYTEA NOT NULL,
    issuer_id BYTEA NOT NULL,
    shard BIGINT NOT NULL,
    crl BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, issuer_id, shard),
    FOREIGN KEY (tenant_id, issuer_id, shard) REFERENCES crl_shard (tenant_id, issuer_id, shard)
);
INSERT INTO crl_file (tenant_id, issuer_id, shard, crl)
    SELECT tenant_id, issuer_id, shard, crl FROM crl_shard WHERE crl IS NOT NULL;
ALTER TABLE crl_shard DROP COLUMN crl;
