-- Changes of policy that wait for other persons (core/approval/policy_change.h). Unlike the other kinds nothing is stored of
-- what they would bring about: request is the call as it was sent, sealed, and is made by the last approval. target_id
-- is the proposal itself then.
ALTER TABLE proposal ADD COLUMN kind_now TEXT NOT NULL DEFAULT 'policy_change'
    CHECK (kind_now IN ('role_grant', 'eligible_grant', 'elevation', 'rule_create', 'rule_end', 'break_glass', 'policy_change'));
UPDATE proposal SET kind_now = kind;
ALTER TABLE proposal DROP COLUMN kind;
ALTER TABLE proposal RENAME COLUMN kind_now TO kind;

-- object, object_name: what kind of policy, and its name where it has one; operation: operationId of the contract.
ALTER TABLE proposal ADD COLUMN object TEXT;
ALTER TABLE proposal ADD COLUMN object_name TEXT;
ALTER TABLE proposal ADD COLUMN operation TEXT;
ALTER TABLE proposal ADD COLUMN request BYTEA;
-- The audit entry of the transaction in which it came into force, so that a change leads to its approvers.
ALTER TABLE proposal ADD COLUMN entry_id BYTEA;
CREATE INDEX proposal_by_entry ON proposal (tenant_id, entry_id) WHERE entry_id IS NOT NULL;

-- What the change would make of the objects that have versions (state_change): base_version is the one in force when it was
-- proposed, 0: none; content as it would be. base_key: what it is compared with for those who decide, where that is another
-- object: the version of a certificate profile before.
CREATE TABLE proposal_effect (
    tenant_id BYTEA NOT NULL,
    proposal_id BYTEA NOT NULL,
    position BIGINT NOT NULL CHECK (position >= 0),
    object TEXT NOT NULL,
    object_key TEXT NOT NULL,
    base_key TEXT NOT NULL,
    base_version BIGINT NOT NULL CHECK (base_version >= 0),
    content TEXT NOT NULL,
    PRIMARY KEY (tenant_id, proposal_id, position),
    FOREIGN KEY (tenant_id, proposal_id) REFERENCES proposal (tenant_id, proposal_id)
);

-- Certificate profiles are installed on the host, in ceremonies: what persons agreed on is kept here until then.
CREATE TABLE profile_approval (
    tenant_id BYTEA NOT NULL,
    proposal_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    content_sha256 BYTEA NOT NULL,
    effective_us BIGINT NOT NULL,
    base_version BIGINT NOT NULL,
    approved_us BIGINT NOT NULL,
    used_us BIGINT,
    PRIMARY KEY (tenant_id, proposal_id),
    FOREIGN KEY (tenant_id, proposal_id) REFERENCES proposal (tenant_id, proposal_id)
);
