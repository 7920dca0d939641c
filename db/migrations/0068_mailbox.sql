-- Mailboxes that take problem reports. One is never changed: it ends, and another one begins. ca: roots in PEM, empty: those of the host.
-- due_us: when to look next; a claim moves it to the end of its lease. checked_us: when all folders were read last; failure: why not since.
-- alerted_us: its silence was told. test_*: the self-test under way or done last; test_id names its letter.
CREATE TABLE mailbox (
    tenant_id BYTEA NOT NULL,
    mailbox_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    host TEXT NOT NULL,
    port BIGINT NOT NULL,
    account BYTEA NOT NULL,
    password BYTEA NOT NULL,
    address BYTEA NOT NULL,
    ca TEXT NOT NULL,
    poll_s BIGINT NOT NULL CHECK (poll_s > 0),
    self_test_h BIGINT NOT NULL CHECK (self_test_h >= 0),
    due_us BIGINT NOT NULL,
    checked_us BIGINT,
    failure TEXT NOT NULL,
    alerted_us BIGINT,
    test_id BYTEA,
    test_made_us BIGINT,
    test_sent_us BIGINT,
    test_seen_us BIGINT,
    test_alerted_us BIGINT,
    creator_id BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    ender_id BYTEA,
    ended_us BIGINT,
    PRIMARY KEY (tenant_id, mailbox_id),
    FOREIGN KEY (tenant_id, creator_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, ender_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX mailbox_by_time ON mailbox (tenant_id, created_us, mailbox_id);
CREATE INDEX mailbox_due ON mailbox (tenant_id, due_us) WHERE ended_us IS NULL;

-- How far each folder was read: UIDs up to last_uid, of this UIDVALIDITY, are stored.
CREATE TABLE mailbox_folder (
    tenant_id BYTEA NOT NULL,
    mailbox_id BYTEA NOT NULL,
    folder TEXT NOT NULL,
    uid_validity BIGINT NOT NULL,
    last_uid BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, mailbox_id, folder),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailbox (tenant_id, mailbox_id)
);

-- What came in, once each: digest is a keyed token of the Message-ID, or of the octets where there is none. raw is evidence. receipt_due_us: when to
-- send the receipt next.
CREATE TABLE mailbox_message (
    tenant_id BYTEA NOT NULL,
    message_id BYTEA NOT NULL,
    mailbox_id BYTEA NOT NULL,
    folder TEXT NOT NULL,
    uid BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    report_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    sender BYTEA,
    reply_to BYTEA NOT NULL,
    raw BYTEA NOT NULL,
    sha256 BYTEA NOT NULL,
    cut BIGINT NOT NULL CHECK (cut IN (0, 1)),
    receipt TEXT NOT NULL CHECK (receipt IN ('none', 'waiting', 'sent', 'refused')),
    receipt_due_us BIGINT,
    receipt_count BIGINT NOT NULL,
    received_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, message_id),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailbox (tenant_id, mailbox_id),
    FOREIGN KEY (tenant_id, report_id) REFERENCES incident_report (tenant_id, report_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id)
);
CREATE UNIQUE INDEX mailbox_message_once ON mailbox_message (tenant_id, digest);
CREATE INDEX mailbox_message_by_time ON mailbox_message (tenant_id, mailbox_id, received_us, message_id);
CREATE INDEX mailbox_message_to_answer ON mailbox_message (tenant_id, receipt_due_us) WHERE receipt = 'waiting';
