-- Client certificates as a way to authenticate: which CAs a tenant trusts for that, and whose certificate is whose.
-- Sealed columns and the reason for each plain one: db/data-classes/client_certificate.yaml. Code: src/core/client_certificate

-- A CA of somebody else. Those of the platform itself need no row.
CREATE TABLE client_ca (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    ca_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    certificate BYTEA NOT NULL,
    sha256 BYTEA NOT NULL,
    not_after_us BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    created_by_id BYTEA NOT NULL,
    removed_us BIGINT,
    removed_by_id BYTEA,
    PRIMARY KEY (tenant_id, ca_id)
);
CREATE UNIQUE INDEX client_ca_by_sha256 ON client_ca (tenant_id, sha256) WHERE removed_us IS NULL;

-- matches: 'key', any valid certificate for the key; 'certificate', the one of this issuer (SHA-256 of its Name) and serial
-- number. Never the subject's text. Removed rows stay: who bound one does not count as a second person beside a service
-- account.
CREATE TABLE client_certificate (
    tenant_id BYTEA NOT NULL,
    binding_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    matches TEXT NOT NULL CHECK (matches IN ('key', 'certificate')),
    spki_sha256 BYTEA NOT NULL,
    issuer_sha256 BYTEA NOT NULL,
    serial BYTEA NOT NULL,
    subject BYTEA NOT NULL,
    not_after_us BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    created_by_id BYTEA NOT NULL,
    last_used_us BIGINT,
    removed_us BIGINT,
    removed_by_id BYTEA,
    PRIMARY KEY (tenant_id, binding_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE UNIQUE INDEX client_certificate_by_key ON client_certificate (tenant_id, spki_sha256) WHERE removed_us IS NULL;
CREATE INDEX client_certificate_by_user ON client_certificate (tenant_id, user_id);

-- A session that began with one ends with it: what the certificate's key is bound by, and the certificate itself.
ALTER TABLE login_session ADD COLUMN client_binding_id BYTEA;
ALTER TABLE login_session ADD COLUMN client_sha256 BYTEA;
