-- Somebody decides in another's place for a time. What was delegated is the delegator's own right to decide on requests;
-- it cannot be passed on. kind: of request, '' any. group_id: what this group or one below it owns.
CREATE TABLE delegation (
    tenant_id BYTEA NOT NULL,
    delegation_id BYTEA NOT NULL,
    delegator_id BYTEA NOT NULL,
    delegate_id BYTEA NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('', 'issue', 'renew', 'replace', 'revoke')),
    group_id BYTEA,
    reason BYTEA NOT NULL,
    start_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    ended_us BIGINT,
    ended_by_id BYTEA,
    PRIMARY KEY (tenant_id, delegation_id),
    FOREIGN KEY (tenant_id, delegator_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, delegate_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES access_group (tenant_id, group_id)
);
CREATE INDEX delegation_by_time ON delegation (tenant_id, created_us, delegation_id);
CREATE INDEX delegation_by_delegator ON delegation (tenant_id, delegator_id);

-- Both identities: approver_id decided, in the place of behalf_of_id.
ALTER TABLE approval ADD COLUMN behalf_of_id BYTEA;
