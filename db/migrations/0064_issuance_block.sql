-- A standing refusal to issue, placed in an incident and lifted by somebody else. Each kind fills the one column that it is about.
CREATE TABLE issuance_block (
    tenant_id BYTEA NOT NULL,
    block_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('everything', 'issuer', 'certificate_profile', 'requester', 'key', 'name')),
    issuer_id BYTEA,
    profile_name TEXT,
    requester_id BYTEA,
    spki_sha256 BYTEA,
    domain TEXT,
    reason BYTEA NOT NULL,
    placer_id BYTEA NOT NULL,
    placed_us BIGINT NOT NULL,
    lifter_id BYTEA,
    lifted_us BIGINT,
    PRIMARY KEY (tenant_id, block_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, issuer_id) REFERENCES issuer (tenant_id, issuer_id),
    FOREIGN KEY (tenant_id, requester_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, placer_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, lifter_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX issuance_block_by_time ON issuance_block (tenant_id, placed_us, block_id);
-- Asked at every issuance: the few that stand.
CREATE INDEX issuance_block_standing ON issuance_block (tenant_id, block_id) WHERE lifted_us IS NULL;
