-- Incidents: the record, its timeline, its roles, and the marks of clocks that were announced. Nothing is deleted.
-- The same states as core/incident/incident_state.h.
CREATE TABLE incident (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    incident_id BYTEA NOT NULL,
    type TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN
        ('reported', 'triage', 'confirmed', 'contained', 'remediated', 'recovered', 'validated', 'closed',
         'false_alarm', 'merged')),
    tracks BIGINT NOT NULL,
    certificates BIGINT NOT NULL,
    impact TEXT NOT NULL CHECK (impact IN ('low', 'medium', 'high')),
    urgency TEXT NOT NULL CHECK (urgency IN ('low', 'medium', 'high')),
    source TEXT NOT NULL CHECK (source IN ('self_reported', 'third_party_reported', 'audit')),
    parent_id BYTEA,
    merged_into BYTEA,
    opened_by_key TEXT,
    title BYTEA NOT NULL,
    summary BYTEA NOT NULL,
    creator_id BYTEA,
    entry_count BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, merged_into) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, creator_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX incident_by_time ON incident (tenant_id, created_us, incident_id);
CREATE INDEX incident_live ON incident (tenant_id, created_us, incident_id)
    WHERE state NOT IN ('false_alarm', 'merged');
-- An incident that a clock opens is opened once, whatever restarts in between.
CREATE UNIQUE INDEX incident_by_opener ON incident (tenant_id, parent_id, opened_by_key);

-- The timeline: rows are added, never changed. seq counts from 1; corrects is the seq of an earlier entry.
CREATE TABLE incident_entry (
    tenant_id BYTEA NOT NULL,
    entry_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    seq BIGINT NOT NULL CHECK (seq >= 1),
    kind TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    due_us BIGINT,
    item BIGINT NOT NULL CHECK (item BETWEEN 0 AND 31),
    corrects BIGINT NOT NULL CHECK (corrects >= 0 AND corrects < seq),
    subject TEXT NOT NULL,
    detail BYTEA NOT NULL,
    proof BYTEA,
    actor_id BYTEA,
    recorded_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, entry_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, actor_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE UNIQUE INDEX incident_entry_by_seq ON incident_entry (tenant_id, incident_id, seq);

CREATE TABLE incident_role (
    tenant_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('lead', 'communications', 'scribe', 'approver')),
    user_id BYTEA NOT NULL,
    assigned_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, incident_id, role),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);

-- A warning or a miss that was put into the timeline, once. percent 100: the deadline has passed.
CREATE TABLE incident_mark (
    tenant_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    duty_key TEXT NOT NULL,
    percent BIGINT NOT NULL CHECK (percent BETWEEN 1 AND 100),
    marked_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, incident_id, duty_key, percent),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id)
);
