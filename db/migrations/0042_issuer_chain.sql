-- Other ways from an issuer to a root than its own chain: a cross-certificate of the issuer or of a CA above it, from
-- another root. Written on the host (certinext ca add-chain). The position stands in the URLs of ACME clients
-- (RFC 8555 §7.4.2) and is not used again.
CREATE TABLE issuer_chain (
    tenant_id BYTEA NOT NULL,
    issuer_id BYTEA NOT NULL,
    position BIGINT NOT NULL CHECK (position BETWEEN 2 AND 9),
    certificates BYTEA NOT NULL,
    added_us BIGINT NOT NULL,
    removed_us BIGINT,
    PRIMARY KEY (tenant_id, issuer_id, position),
    FOREIGN KEY (tenant_id, issuer_id) REFERENCES issuer (tenant_id, issuer_id)
);
