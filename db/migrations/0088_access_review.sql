-- Access reviews: what was asked about which binding, and what became of it. And leavers: who is disabled when. Nothing is
-- deleted. Code: src/core/review

-- roles, groups: names and identifiers, ' ' between them; '': any. opened_by_key: what the clock opened it for, so that
-- it opens it once, whatever restarts in between. evidence_sha256: of the document that the closing entry commits to.
CREATE TABLE access_review (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    review_id BYTEA NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
    opened_by_key TEXT,
    privileged BIGINT NOT NULL CHECK (privileged IN (0, 1)),
    roles TEXT NOT NULL,
    groups TEXT NOT NULL,
    reason BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    created_by_id BYTEA,
    deadline_us BIGINT NOT NULL,
    closed_us BIGINT,
    evidence_sha256 BYTEA,
    PRIMARY KEY (tenant_id, review_id)
);
CREATE UNIQUE INDEX access_review_by_opener ON access_review (tenant_id, opened_by_key);
CREATE INDEX access_review_by_time ON access_review (tenant_id, created_us, review_id);

-- One binding that was in force when the review was opened. gone: it ended meanwhile by other means. kept: nobody
-- answered, and it is the last administrator's.
CREATE TABLE access_review_item (
    tenant_id BYTEA NOT NULL,
    item_id BYTEA NOT NULL,
    review_id BYTEA NOT NULL,
    binding_id BYTEA NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'certified', 'revoked', 'lapsed', 'gone', 'kept')),
    decided_us BIGINT,
    decided_by_id BYTEA,
    comment BYTEA,
    PRIMARY KEY (tenant_id, item_id),
    FOREIGN KEY (tenant_id, review_id) REFERENCES access_review (tenant_id, review_id),
    FOREIGN KEY (tenant_id, binding_id) REFERENCES role_binding (tenant_id, binding_id)
);
CREATE UNIQUE INDEX access_review_item_by_binding ON access_review_item (tenant_id, review_id, binding_id);
CREATE INDEX access_review_item_open ON access_review_item (tenant_id, review_id) WHERE state = 'open';

-- A person who leaves, or whom the directory no longer knows. due_us: when everything of theirs ends, at most 24 hours
-- after left_us. One that is neither done nor withdrawn waits.
CREATE TABLE leaver (
    tenant_id BYTEA NOT NULL,
    leaver_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    marked_us BIGINT NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('person', 'directory')),
    left_us BIGINT NOT NULL,
    due_us BIGINT NOT NULL,
    reason BYTEA NOT NULL,
    marked_by_id BYTEA,
    done_us BIGINT,
    withdrawn_us BIGINT,
    withdrawn_by_id BYTEA,
    PRIMARY KEY (tenant_id, leaver_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE UNIQUE INDEX leaver_waiting ON leaver (tenant_id, user_id) WHERE done_us IS NULL AND withdrawn_us IS NULL;
CREATE INDEX leaver_due ON leaver (tenant_id, due_us) WHERE done_us IS NULL AND withdrawn_us IS NULL;
