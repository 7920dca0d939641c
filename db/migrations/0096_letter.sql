-- Letters: mails to users about work that waits for them and about their own account. Code: src/core/letter

-- How far the audit log was read for what somebody has to be told: the leaf that comes next. reviews_us: the time up to which
-- deadlines of access reviews were looked at.
CREATE TABLE letter_cursor (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    leaf_index BIGINT NOT NULL CHECK (leaf_index >= 0),
    reviews_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id)
);

-- Something that one person is told once: the key says what. object_id: a request, proposal or review, else the audit entry or
-- the user. mark: the stage of an approval, or the day of a lock. action: of the audit entry it comes from. settled_us: when it went into a letter,
-- or was found to be nobody's business any more (then without a letter).
CREATE TABLE letter_event (
    tenant_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('waiting', 'escalated', 'decided', 'review-opened', 'review-due', 'security')),
    object_id BYTEA NOT NULL,
    mark BIGINT NOT NULL,
    object_type TEXT NOT NULL,
    action TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    letter_id BYTEA,
    settled_us BIGINT,
    PRIMARY KEY (tenant_id, user_id, kind, object_id, mark),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX letter_event_pending ON letter_event (tenant_id, at_us) WHERE settled_us IS NULL;

-- security: about the account; such letters do not wait and cannot be opted out of. due_us: when to try; a claim moves it to the end of its
-- lease. claim_id: who holds it; a result is written by its holder alone. The Message-ID is made of letter_id, so that it stays over retries.
CREATE TABLE letter (
    tenant_id BYTEA NOT NULL,
    letter_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    security BIGINT NOT NULL CHECK (security IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'refused')),
    address BYTEA NOT NULL,
    subject BYTEA NOT NULL,
    body BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    due_us BIGINT NOT NULL,
    claim_id BYTEA,
    attempt_count BIGINT NOT NULL,
    settled_us BIGINT,
    PRIMARY KEY (tenant_id, letter_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX letter_due ON letter (tenant_id, due_us, letter_id) WHERE state = 'waiting';
CREATE INDEX letter_by_claim ON letter (tenant_id, claim_id) WHERE state = 'waiting';
CREATE INDEX letter_by_user ON letter (tenant_id, user_id, security, created_us);

-- Who wants no letters about work that waits. No row: wants them.
CREATE TABLE letter_choice (
    tenant_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    waiting BIGINT NOT NULL CHECK (waiting IN (0, 1)),
    changed_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);
