-- Incident playbooks (core/playbook): every version stays, none is changed. The newest one whose effective_us has passed is in
-- force, unless it says retired. created_by_id NULL: the platform.
CREATE TABLE playbook_version (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    name TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    state TEXT NOT NULL CHECK (state IN ('active', 'retired')),
    content TEXT NOT NULL,
    effective_us BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    created_by_id BYTEA,
    PRIMARY KEY (tenant_id, name, version),
    FOREIGN KEY (tenant_id, created_by_id) REFERENCES tenant_user (tenant_id, user_id)
);

-- A version of a playbook that an incident follows. round: counts the attachments of one playbook; ended_us: another took its
-- place. attached_by_id NULL: it matched when the incident was opened or assessed.
CREATE TABLE incident_playbook (
    tenant_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    playbook TEXT NOT NULL,
    round BIGINT NOT NULL CHECK (round >= 1),
    version BIGINT NOT NULL,
    attached_us BIGINT NOT NULL,
    attached_by_id BYTEA,
    ended_us BIGINT,
    PRIMARY KEY (tenant_id, incident_id, playbook, round),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, playbook, version) REFERENCES playbook_version (tenant_id, name, version)
);
CREATE UNIQUE INDEX incident_playbook_now ON incident_playbook (tenant_id, incident_id, playbook) WHERE ended_us IS NULL;

-- Who owns a step; whether it is done says the timeline (subject "<playbook>/<step>").
CREATE TABLE incident_step_owner (
    tenant_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    playbook TEXT NOT NULL,
    step TEXT NOT NULL,
    owner_id BYTEA NOT NULL,
    assigned_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, incident_id, playbook, step),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES tenant_user (tenant_id, user_id)
);
