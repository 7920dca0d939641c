-- Issuers, profiles, the request with its approvals, the intent, and the certificate it became.
-- Sealed columns and the reason for each plain one: db/data-classes/issuance.yaml

-- certificate: DER of the CA certificate; chain: the certificates above it, concatenated DER, root last.
CREATE TABLE issuer (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    issuer_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
    key_type TEXT NOT NULL,
    certificate BYTEA NOT NULL,
    chain BYTEA NOT NULL,
    parent_id BYTEA,
    shard_count BIGINT NOT NULL CHECK (shard_count BETWEEN 1 AND 4096),
    status_url TEXT NOT NULL,
    not_after_us BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, issuer_id),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES issuer (tenant_id, issuer_id)
);
CREATE UNIQUE INDEX issuer_by_name ON issuer (tenant_id, name);

-- One row a version, never changed but for its state. content: the YAML text that keys holds too.
CREATE TABLE profile_version (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    name TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    state TEXT NOT NULL CHECK (state IN ('active', 'retired')),
    content TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, name, version)
);

-- requester_id is NULL when the system itself asks (an OCSP responder's certificate).
-- certificate_id: what renew, replace and revoke act on; result_id: what was issued. Neither is a
-- foreign key: certificate refers to request, and the two tables cannot refer to each other on SQLite.
-- body holds key, subject and names as asked, see core/issuance/body.h.
CREATE TABLE request (
    tenant_id BYTEA NOT NULL,
    request_id BYTEA NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('issue', 'renew', 'replace', 'revoke')),
    state TEXT NOT NULL CHECK (state IN
        ('awaiting_approval', 'approved', 'awaiting_collection', 'issuing', 'done', 'rejected', 'cancelled',
         'failed')),
    requester_id BYTEA,
    issuer_id BYTEA NOT NULL,
    profile_name TEXT NOT NULL,
    profile_version BIGINT NOT NULL,
    certificate_id BYTEA,
    result_id BYTEA,
    key_source TEXT NOT NULL CHECK (key_source IN ('csr', 'server', 'none')),
    key_type TEXT NOT NULL,
    validity_s BIGINT NOT NULL,
    body BYTEA NOT NULL,
    comment BYTEA,
    revoke_reason BIGINT NOT NULL,
    approvals_needed BIGINT NOT NULL,
    approvals_given BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL,
    attempt_count BIGINT NOT NULL,
    retry_us BIGINT,
    failure_rule TEXT,
    failure BYTEA,
    PRIMARY KEY (tenant_id, request_id),
    FOREIGN KEY (tenant_id, requester_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, issuer_id) REFERENCES issuer (tenant_id, issuer_id),
    FOREIGN KEY (tenant_id, profile_name, profile_version)
        REFERENCES profile_version (tenant_id, name, version)
);
CREATE INDEX request_by_time ON request (tenant_id, created_us, request_id);
CREATE INDEX request_by_state ON request (tenant_id, state, created_us, request_id);
CREATE INDEX request_by_requester ON request (tenant_id, requester_id, created_us, request_id);
CREATE INDEX request_by_certificate ON request (tenant_id, certificate_id);
CREATE INDEX request_to_retry ON request (tenant_id, retry_us) WHERE retry_us IS NOT NULL;

CREATE TABLE request_tag (
    tenant_id BYTEA NOT NULL,
    request_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (tenant_id, request_id, name),
    FOREIGN KEY (tenant_id, request_id) REFERENCES request (tenant_id, request_id)
);

-- One decision a person; the key makes a second one by the same person a conflict.
CREATE TABLE approval (
    tenant_id BYTEA NOT NULL,
    request_id BYTEA NOT NULL,
    approver_id BYTEA NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('approve', 'reject')),
    comment BYTEA NOT NULL,
    decided_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, request_id, approver_id),
    FOREIGN KEY (tenant_id, request_id) REFERENCES request (tenant_id, request_id),
    FOREIGN KEY (tenant_id, approver_id) REFERENCES tenant_user (tenant_id, user_id)
);

-- The promise to sign one certificate, stored before it is signed. Whoever moved lease_until_us on works on it.
CREATE TABLE intent (
    tenant_id BYTEA NOT NULL,
    intent_id BYTEA NOT NULL,
    request_id BYTEA NOT NULL,
    issuer_id BYTEA NOT NULL,
    serial BYTEA NOT NULL,
    profile_name TEXT NOT NULL,
    profile_version BIGINT NOT NULL,
    not_before_us BIGINT NOT NULL,
    not_after_us BIGINT NOT NULL,
    body BYTEA NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'settled', 'abandoned')),
    lease_until_us BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, intent_id),
    FOREIGN KEY (tenant_id, request_id) REFERENCES request (tenant_id, request_id),
    FOREIGN KEY (tenant_id, issuer_id) REFERENCES issuer (tenant_id, issuer_id)
);
CREATE UNIQUE INDEX intent_by_serial ON intent (tenant_id, issuer_id, serial);
CREATE INDEX intent_open ON intent (tenant_id, lease_until_us) WHERE state = 'open';

-- Narrow on purpose: search walks these rows, the DER lies in certificate_body.
-- replaces_id, replaced_by_id: the chain of renewals and replacements.
CREATE TABLE certificate (
    tenant_id BYTEA NOT NULL,
    certificate_id BYTEA NOT NULL,
    issuer_id BYTEA NOT NULL,
    serial BYTEA NOT NULL,
    shard BIGINT NOT NULL,
    profile_name TEXT NOT NULL,
    profile_version BIGINT NOT NULL,
    key_type TEXT NOT NULL,
    sha256 BYTEA NOT NULL,
    spki_sha256 BYTEA NOT NULL,
    not_before_us BIGINT NOT NULL,
    not_after_us BIGINT NOT NULL,
    issued_us BIGINT NOT NULL,
    requester_id BYTEA,
    request_id BYTEA NOT NULL,
    replaces_id BYTEA,
    replaced_by_id BYTEA,
    revoked_us BIGINT,
    revoke_reason BIGINT,
    PRIMARY KEY (tenant_id, certificate_id),
    FOREIGN KEY (tenant_id, issuer_id) REFERENCES issuer (tenant_id, issuer_id),
    FOREIGN KEY (tenant_id, request_id) REFERENCES request (tenant_id, request_id)
);
CREATE UNIQUE INDEX certificate_by_serial ON certificate (tenant_id, issuer_id, serial);
CREATE INDEX certificate_by_number ON certificate (tenant_id, serial);
CREATE INDEX certificate_by_sha256 ON certificate (tenant_id, sha256);
CREATE INDEX certificate_by_spki ON certificate (tenant_id, spki_sha256, issued_us, certificate_id);
CREATE INDEX certificate_by_time ON certificate (tenant_id, issued_us, certificate_id);
CREATE INDEX certificate_by_expiry ON certificate (tenant_id, not_after_us, certificate_id);
CREATE INDEX certificate_by_issuer ON certificate (tenant_id, issuer_id, issued_us, certificate_id);
CREATE INDEX certificate_by_profile ON certificate (tenant_id, profile_name, issued_us, certificate_id);
CREATE INDEX certificate_by_requester ON certificate (tenant_id, requester_id, issued_us, certificate_id);
CREATE INDEX certificate_revoked ON certificate (tenant_id, issuer_id, shard, revoked_us)
    WHERE revoked_us IS NOT NULL;
CREATE INDEX certificate_revoked_by_time ON certificate (tenant_id, issued_us, certificate_id)
    WHERE revoked_us IS NOT NULL;

CREATE TABLE certificate_body (
    tenant_id BYTEA NOT NULL,
    certificate_id BYTEA NOT NULL,
    der BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, certificate_id),
    FOREIGN KEY (tenant_id, certificate_id) REFERENCES certificate (tenant_id, certificate_id)
);

-- issued_us repeats the certificate's, so that a search by name reads its page in order from the index.
-- kind dns, ip: value is the text; email, uri: value is '' and name_index the blind index token.
CREATE TABLE certificate_name (
    tenant_id BYTEA NOT NULL,
    certificate_id BYTEA NOT NULL,
    position BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('dns', 'ip', 'email', 'uri')),
    value TEXT NOT NULL,
    name_index BYTEA,
    issued_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, certificate_id, position),
    FOREIGN KEY (tenant_id, certificate_id) REFERENCES certificate (tenant_id, certificate_id)
);
CREATE INDEX certificate_name_by_value ON certificate_name (tenant_id, value, issued_us, certificate_id)
    WHERE value <> '';
CREATE INDEX certificate_name_by_index ON certificate_name (tenant_id, name_index, issued_us, certificate_id)
    WHERE name_index IS NOT NULL;

-- One row for each domain that a dns name of the certificate lies below: "everything below example.org" is
-- a walk of this key, newest first, however many there are.
CREATE TABLE certificate_zone (
    tenant_id BYTEA NOT NULL,
    zone TEXT NOT NULL,
    issued_us BIGINT NOT NULL,
    certificate_id BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, zone, issued_us, certificate_id),
    FOREIGN KEY (tenant_id, certificate_id) REFERENCES certificate (tenant_id, certificate_id)
);
CREATE INDEX certificate_zone_by_certificate ON certificate_zone (tenant_id, certificate_id);

CREATE TABLE certificate_tag (
    tenant_id BYTEA NOT NULL,
    certificate_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    issued_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, certificate_id, name),
    FOREIGN KEY (tenant_id, certificate_id) REFERENCES certificate (tenant_id, certificate_id)
);
CREATE INDEX certificate_tag_by_value ON certificate_tag (tenant_id, name, value, issued_us, certificate_id);
