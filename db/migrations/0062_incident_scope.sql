-- What an incident reaches: a query over the certificates, with what it found then. Rows are added, never changed; a
-- correction is a further scope. serials: the serial numbers asked for, lower-case hexadecimal, ' ' between them.
CREATE TABLE incident_scope (
    tenant_id BYTEA NOT NULL,
    scope_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    corrects_id BYTEA,
    issuer_id BYTEA,
    profile_name TEXT,
    requester_id BYTEA,
    spki_sha256 BYTEA,
    issued_after_us BIGINT,
    issued_before_us BIGINT,
    serials TEXT NOT NULL,
    comment BYTEA NOT NULL,
    creator_id BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, scope_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, corrects_id) REFERENCES incident_scope (tenant_id, scope_id),
    FOREIGN KEY (tenant_id, creator_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX incident_scope_by_incident ON incident_scope (tenant_id, incident_id, created_us, scope_id);

CREATE TABLE incident_scope_serial (
    tenant_id BYTEA NOT NULL,
    scope_id BYTEA NOT NULL,
    serial BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, scope_id, serial),
    FOREIGN KEY (tenant_id, scope_id) REFERENCES incident_scope (tenant_id, scope_id)
);

-- was_revoked: at the time of the query.
CREATE TABLE incident_scope_certificate (
    tenant_id BYTEA NOT NULL,
    scope_id BYTEA NOT NULL,
    certificate_id BYTEA NOT NULL,
    was_revoked BIGINT NOT NULL CHECK (was_revoked IN (0, 1)),
    PRIMARY KEY (tenant_id, scope_id, certificate_id),
    FOREIGN KEY (tenant_id, scope_id) REFERENCES incident_scope (tenant_id, scope_id),
    FOREIGN KEY (tenant_id, certificate_id) REFERENCES certificate (tenant_id, certificate_id)
);
