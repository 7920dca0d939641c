-- Customer notices. A customer is the group that owns a certificate, else the user who asked for it; contacts of the tenant are told of
-- all of them. A contact is never changed: it ends, and another one begins. webhook_ca: roots in PEM, empty: those of the host.
CREATE TABLE notice_contact (
    tenant_id BYTEA NOT NULL,
    contact_id BYTEA NOT NULL,
    owner_kind TEXT NOT NULL CHECK (owner_kind IN ('tenant', 'group', 'user')),
    owner_id BYTEA NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('security', 'technical', 'management', 'legal')),
    language TEXT NOT NULL,
    name BYTEA NOT NULL,
    email BYTEA,
    webhook_url BYTEA,
    webhook_key BYTEA,
    webhook_ca TEXT NOT NULL,
    creator_id BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    ender_id BYTEA,
    ended_us BIGINT,
    PRIMARY KEY (tenant_id, contact_id),
    FOREIGN KEY (tenant_id, creator_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, ender_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX notice_contact_by_owner ON notice_contact (tenant_id, owner_id, contact_id) WHERE ended_us IS NULL;
CREATE INDEX notice_contact_by_time ON notice_contact (tenant_id, created_us, contact_id);

-- content: what people wrote, as the contract's JSON, with the containment as it stood in the timeline. after_owner_id, after_id: contacts up to here
-- have their text. sha256: over the SHA-256 of all texts, in the order in which they were made. alerted_us: the mail relay is known to be away.
CREATE TABLE notice (
    tenant_id BYTEA NOT NULL,
    notice_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    scope_id BYTEA NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('first', 'update')),
    state TEXT NOT NULL CHECK (state IN ('composing', 'drafted', 'approved', 'done', 'withdrawn')),
    template TEXT NOT NULL,
    content BYTEA NOT NULL,
    act_by_us BIGINT,
    update_due_us BIGINT,
    after_owner_id BYTEA NOT NULL,
    after_id BYTEA NOT NULL,
    sha256 BYTEA NOT NULL,
    recipient_count BIGINT NOT NULL,
    author_id BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    approver_id BYTEA,
    approved_us BIGINT,
    finished_us BIGINT,
    alerted_us BIGINT,
    PRIMARY KEY (tenant_id, notice_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, scope_id) REFERENCES incident_scope (tenant_id, scope_id),
    FOREIGN KEY (tenant_id, author_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, approver_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX notice_by_incident ON notice (tenant_id, incident_id, created_us, notice_id);
CREATE INDEX notice_at_work ON notice (tenant_id, created_us) WHERE state IN ('composing', 'approved');

-- What one contact is told. owner_kind, owner_id: why they are on the list. body: the exact text, with the link that token_hash is of.
CREATE TABLE notice_recipient (
    tenant_id BYTEA NOT NULL,
    recipient_id BYTEA NOT NULL,
    notice_id BYTEA NOT NULL,
    contact_id BYTEA NOT NULL,
    owner_kind TEXT NOT NULL CHECK (owner_kind IN ('tenant', 'group', 'user')),
    owner_id BYTEA NOT NULL,
    certificate_count BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    body BYTEA NOT NULL,
    sha256 BYTEA NOT NULL,
    token_hash BYTEA NOT NULL,
    opened_us BIGINT,
    acknowledged_us BIGINT,
    reminder_us BIGINT,
    reminder_count BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, recipient_id),
    FOREIGN KEY (tenant_id, notice_id) REFERENCES notice (tenant_id, notice_id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES notice_contact (tenant_id, contact_id)
);
CREATE UNIQUE INDEX notice_recipient_once ON notice_recipient (tenant_id, notice_id, contact_id);
CREATE INDEX notice_recipient_to_remind ON notice_recipient (tenant_id, reminder_us) WHERE reminder_us IS NOT NULL;

-- The queue and the ledger: one row a recipient, channel and round (0: the notice, then the reminders). reserve: the second channel, used when
-- the first one bounces. due_us: when to try; a claim moves it to the end of its lease, so that what a dead process held is taken up again.
-- claim_id: who holds it; a result is written by its holder alone. The Message-ID is made of delivery_id, so that it stays over retries.
CREATE TABLE notice_delivery (
    tenant_id BYTEA NOT NULL,
    delivery_id BYTEA NOT NULL,
    notice_id BYTEA NOT NULL,
    recipient_id BYTEA NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('email', 'webhook')),
    round BIGINT NOT NULL CHECK (round >= 0),
    state TEXT NOT NULL CHECK (state IN ('drafted', 'reserve', 'waiting', 'sent', 'delivered', 'bounced')),
    due_us BIGINT NOT NULL,
    claim_id BYTEA,
    attempt_count BIGINT NOT NULL,
    sent_us BIGINT,
    delivered_us BIGINT,
    bounced_us BIGINT,
    answer BYTEA,
    PRIMARY KEY (tenant_id, delivery_id),
    FOREIGN KEY (tenant_id, notice_id) REFERENCES notice (tenant_id, notice_id),
    FOREIGN KEY (tenant_id, recipient_id) REFERENCES notice_recipient (tenant_id, recipient_id)
);
CREATE UNIQUE INDEX notice_delivery_once ON notice_delivery (tenant_id, recipient_id, channel, round);
CREATE INDEX notice_delivery_due ON notice_delivery (tenant_id, due_us, delivery_id) WHERE state = 'waiting';
CREATE INDEX notice_delivery_by_claim ON notice_delivery (tenant_id, claim_id) WHERE state = 'waiting';
CREATE INDEX notice_delivery_by_notice ON notice_delivery (tenant_id, notice_id, state);

-- A customer who is not told: asked for by one person, granted by another.
CREATE TABLE notice_waiver (
    tenant_id BYTEA NOT NULL,
    waiver_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    owner_kind TEXT NOT NULL CHECK (owner_kind IN ('tenant', 'group', 'user')),
    owner_id BYTEA NOT NULL,
    reason BYTEA NOT NULL,
    proposer_id BYTEA NOT NULL,
    proposed_us BIGINT NOT NULL,
    approver_id BYTEA,
    approved_us BIGINT,
    PRIMARY KEY (tenant_id, waiver_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, proposer_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, approver_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX notice_waiver_by_incident ON notice_waiver (tenant_id, incident_id, proposed_us, waiver_id);
