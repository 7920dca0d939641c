-- A change of access that awaits approval. What it would bring about is stored already and without effect: the binding
-- or rule target_id. duration_us: of an elevation, counted from its approval. receiver_id: who gets the right.
CREATE TABLE proposal (
    tenant_id BYTEA NOT NULL,
    proposal_id BYTEA NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('role_grant', 'eligible_grant', 'elevation', 'rule_create', 'rule_end', 'break_glass')),
    state TEXT NOT NULL CHECK (state IN ('awaiting_approval', 'done', 'rejected', 'cancelled', 'expired')),
    requester_id BYTEA NOT NULL,
    receiver_id BYTEA,
    target_id BYTEA NOT NULL,
    duration_us BIGINT NOT NULL,
    reason BYTEA NOT NULL,
    approvals_needed BIGINT NOT NULL,
    approvals_given BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, proposal_id),
    FOREIGN KEY (tenant_id, requester_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX proposal_by_time ON proposal (tenant_id, created_us, proposal_id);

CREATE TABLE proposal_decision (
    tenant_id BYTEA NOT NULL,
    proposal_id BYTEA NOT NULL,
    approver_id BYTEA NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('approve', 'reject')),
    comment BYTEA NOT NULL,
    decided_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, proposal_id, approver_id),
    FOREIGN KEY (tenant_id, proposal_id) REFERENCES proposal (tenant_id, proposal_id),
    FOREIGN KEY (tenant_id, approver_id) REFERENCES tenant_user (tenant_id, user_id)
);

-- standing NULL: in force between start and end. eligible: gives nothing by itself, its subject may activate it for a
-- time. proposed: awaits approval. declined: did not get it. source_id: the eligible binding that this one activates.
ALTER TABLE role_binding ADD COLUMN standing TEXT CHECK (standing IN ('eligible', 'proposed', 'declined'));
ALTER TABLE role_binding ADD COLUMN source_id BYTEA;
