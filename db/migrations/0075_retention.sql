-- How long what is kept of incidents is kept, what stops its disposal, and what was disposed of. Rows of the first are added, never changed: the
-- newest of a class counts. What is disposed of loses its sealed texts and keeps everything else.
CREATE TABLE retention_period (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    class TEXT NOT NULL CHECK (class IN ('incident_record', 'raw_report', 'reporter_identity')),
    set_us BIGINT NOT NULL,
    days BIGINT NOT NULL CHECK (days >= 1),
    author_id BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, class, set_us),
    FOREIGN KEY (tenant_id, author_id) REFERENCES tenant_user (tenant_id, user_id)
);

CREATE TABLE record_hold (
    tenant_id BYTEA NOT NULL,
    hold_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    reason BYTEA NOT NULL,
    placer_id BYTEA NOT NULL,
    placed_us BIGINT NOT NULL,
    lifter_id BYTEA,
    lifted_us BIGINT,
    PRIMARY KEY (tenant_id, hold_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, placer_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, lifter_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX record_hold_by_incident ON record_hold (tenant_id, incident_id, placed_us, hold_id);

-- Proposed by one person, approved by another. sha256: over the sealed texts as they were; text_count: how many.
CREATE TABLE incident_disposal (
    tenant_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    class TEXT NOT NULL CHECK (class IN ('incident_record', 'raw_report', 'reporter_identity')),
    reason BYTEA NOT NULL,
    kept_until_us BIGINT NOT NULL,
    proposer_id BYTEA NOT NULL,
    proposed_us BIGINT NOT NULL,
    approver_id BYTEA,
    approved_us BIGINT,
    sha256 BYTEA,
    text_count BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, incident_id, class),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, proposer_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, approver_id) REFERENCES tenant_user (tenant_id, user_id)
);
