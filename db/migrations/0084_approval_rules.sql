-- How many people decide, who, and in which order. A rule is ended, never deleted or changed.
-- subject: the certificate profile, or the role that is given; '' any. group_id: what this group or one below it owns.
-- in_force_us: NULL while the rule itself awaits approval.
CREATE TABLE approval_rule (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    rule_id BYTEA NOT NULL,
    action TEXT NOT NULL CHECK (action IN
        ('issue', 'renew', 'replace', 'revoke', 'role_grant', 'elevation', 'policy_change', 'export')),
    subject TEXT NOT NULL,
    group_id BYTEA,
    tags TEXT NOT NULL,
    lifetime_s BIGINT NOT NULL,
    escalate_s BIGINT,
    escalate_to TEXT,
    reason BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    created_by_id BYTEA NOT NULL,
    in_force_us BIGINT,
    ended_us BIGINT,
    ended_by_id BYTEA,
    PRIMARY KEY (tenant_id, rule_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES access_group (tenant_id, group_id)
);
CREATE INDEX approval_rule_by_time ON approval_rule (tenant_id, created_us, rule_id);
CREATE INDEX approval_rule_in_force ON approval_rule (tenant_id, action)
    WHERE in_force_us IS NOT NULL AND ended_us IS NULL;

-- The stages of a rule (owner_id: the rule), or of what awaits approval under one (owner_id: the request or proposal), as
-- they were when it was asked for: a rule that changes later changes nothing that waits. who: 'any', 'role:…', 'group:grp_…'.
CREATE TABLE approval_stage (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    owner_id BYTEA NOT NULL,
    stage BIGINT NOT NULL,
    who TEXT NOT NULL,
    approvers BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, stage)
);

-- What holds for one request or proposal; rule_id NULL: it is not a rule that asks. next_us: when the clock has something
-- to do (escalate, or let it lapse); NULL: nothing any more.
CREATE TABLE approval_plan (
    tenant_id BYTEA NOT NULL,
    object_id BYTEA NOT NULL,
    rule_id BYTEA,
    due_us BIGINT NOT NULL,
    escalate_us BIGINT,
    escalate_to TEXT,
    next_us BIGINT,
    PRIMARY KEY (tenant_id, object_id),
    FOREIGN KEY (tenant_id, rule_id) REFERENCES approval_rule (tenant_id, rule_id)
);
CREATE INDEX approval_plan_next ON approval_plan (tenant_id, next_us) WHERE next_us IS NOT NULL;
