-- Whom an incident keeps out: an account, a token, a session or an ACME account that does not act while a freeze of it stands. Placed in an incident, lifted by somebody
-- else, never removed. subject_id: of whatever kind says.
CREATE TABLE access_freeze (
    tenant_id BYTEA NOT NULL,
    freeze_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('user', 'token', 'session', 'acme_account')),
    subject_id BYTEA NOT NULL,
    reason BYTEA NOT NULL,
    placer_id BYTEA NOT NULL,
    placed_us BIGINT NOT NULL,
    lifter_id BYTEA,
    lifted_us BIGINT,
    PRIMARY KEY (tenant_id, freeze_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, placer_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, lifter_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX access_freeze_by_time ON access_freeze (tenant_id, placed_us, freeze_id);
-- Asked at every request: the few that stand.
CREATE INDEX access_freeze_standing ON access_freeze (tenant_id, subject_id) WHERE lifted_us IS NULL;

-- An incident that is an earlier one over again: what was done about it then did not hold.
CREATE TABLE incident_recurrence (
    tenant_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    earlier_id BYTEA NOT NULL,
    linker_id BYTEA NOT NULL,
    linked_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, incident_id, earlier_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, earlier_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, linker_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX incident_recurrence_by_earlier ON incident_recurrence (tenant_id, earlier_id);
