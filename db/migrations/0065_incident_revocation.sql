-- Revoking what a scope found, as one approved plan that a worker carries out in steps and resumes after a crash. item: of TLS BR 4.9.1.1
-- (0: a private CA's own reason); reason: CRLReason. after_id: certificates up to here are done. drill: counts without revoking.
CREATE TABLE incident_revocation (
    tenant_id BYTEA NOT NULL,
    revocation_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    scope_id BYTEA NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('drafted', 'approved', 'done', 'withdrawn')),
    item BIGINT NOT NULL CHECK (item BETWEEN 0 AND 16),
    reason BIGINT NOT NULL CHECK (reason BETWEEN 0 AND 10),
    drill BIGINT NOT NULL CHECK (drill IN (0, 1)),
    comment BYTEA NOT NULL,
    author_id BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    approver_id BYTEA,
    approved_us BIGINT,
    after_id BYTEA NOT NULL,
    revoked_count BIGINT NOT NULL,
    revoked_before_count BIGINT NOT NULL,
    expired_count BIGINT NOT NULL,
    held_count BIGINT NOT NULL,
    finished_us BIGINT,
    PRIMARY KEY (tenant_id, revocation_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, scope_id) REFERENCES incident_scope (tenant_id, scope_id),
    FOREIGN KEY (tenant_id, author_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, approver_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX incident_revocation_by_incident ON incident_revocation (tenant_id, incident_id, created_us, revocation_id);
CREATE INDEX incident_revocation_approved ON incident_revocation (tenant_id, approved_us) WHERE state = 'approved';

-- A court or an authority wants this certificate left as it is: mass revocation leaves it out and counts it.
CREATE TABLE certificate_hold (
    tenant_id BYTEA NOT NULL,
    hold_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    certificate_id BYTEA NOT NULL,
    reason BYTEA NOT NULL,
    placer_id BYTEA NOT NULL,
    placed_us BIGINT NOT NULL,
    lifter_id BYTEA,
    lifted_us BIGINT,
    PRIMARY KEY (tenant_id, hold_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, certificate_id) REFERENCES certificate (tenant_id, certificate_id),
    FOREIGN KEY (tenant_id, placer_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, lifter_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX certificate_hold_by_certificate ON certificate_hold (tenant_id, certificate_id);
CREATE INDEX certificate_hold_by_incident ON certificate_hold (tenant_id, incident_id, placed_us, hold_id);
