-- More forms of publication. The old column allows four words only, and SQLite cannot widen a CHECK.
ALTER TABLE incident_publication ADD COLUMN text_form TEXT NOT NULL DEFAULT 'full' CHECK (text_form IN ('preliminary', 'full', 'update', 'closure', 'microsoft_initial', 'microsoft_update', 'microsoft_final'));
UPDATE incident_publication SET text_form = form;
ALTER TABLE incident_publication DROP COLUMN form;

-- Where a tenant's reports go: the tracker of the root programs (Bugzilla) and the addresses of those that want mail. One row a tenant.
-- tracker_id: the place of the sealed key. login: the shared account, as the tracker names it. whiteboard, needinfo: empty: not sent.
CREATE TABLE tracker (
    tenant_id BYTEA NOT NULL,
    tracker_id BYTEA NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
    base_url TEXT NOT NULL,
    login BYTEA NOT NULL,
    api_key BYTEA NOT NULL,
    owner_name TEXT NOT NULL,
    product TEXT NOT NULL,
    component TEXT NOT NULL,
    secure_component TEXT NOT NULL,
    secure_group TEXT NOT NULL,
    bug_version TEXT NOT NULL,
    bug_type TEXT NOT NULL,
    whiteboard TEXT NOT NULL,
    needinfo TEXT NOT NULL,
    report_address TEXT NOT NULL,
    microsoft_address TEXT NOT NULL,
    ca_pem TEXT NOT NULL,
    poll_s BIGINT NOT NULL CHECK (poll_s >= 60),
    changed_us BIGINT NOT NULL,
    changed_by_id BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, tracker_id),
    FOREIGN KEY (tenant_id, changed_by_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE UNIQUE INDEX tracker_one ON tracker (tenant_id);

-- The bug of an incident. restricted: it must carry the security group. halted_us: it was seen without, so nothing more is posted.
-- comment_us: of the newest comment read. fault: why the last look at it failed; empty: it did not.
CREATE TABLE tracker_bug (
    tenant_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    number BIGINT NOT NULL CHECK (number >= 1),
    restricted BIGINT NOT NULL CHECK (restricted IN (0, 1)),
    halted_us BIGINT,
    opened_us BIGINT NOT NULL,
    status TEXT NOT NULL,
    resolution TEXT NOT NULL,
    whiteboard BYTEA,
    next_update_us BIGINT,
    comment_us BIGINT NOT NULL,
    poll_due_us BIGINT NOT NULL,
    polled_us BIGINT,
    fault TEXT NOT NULL,
    PRIMARY KEY (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id)
);
CREATE UNIQUE INDEX tracker_bug_by_number ON tracker_bug (tenant_id, number);
CREATE INDEX tracker_bug_due ON tracker_bug (tenant_id, poll_due_us);

-- One thing to say: exactly what will be sent, approved by another, then sent. content: the request, sha256: of it. attachment: the file, whose
-- SHA-256 is in content. due_us: when to try; a claim moves it to the end of its lease. remote: number of the bug, comment or attachment made.
-- answers: numbers of the comments that it answers, with blanks between.
CREATE TABLE tracker_post (
    tenant_id BYTEA NOT NULL,
    post_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    publication_id BYTEA,
    kind TEXT NOT NULL CHECK (kind IN ('file', 'comment', 'closure', 'attachment', 'answer', 'mail')),
    restricted BIGINT NOT NULL CHECK (restricted IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('drafted', 'waiting', 'done', 'failed', 'halted', 'withdrawn')),
    answers TEXT NOT NULL,
    content BYTEA NOT NULL,
    attachment BYTEA,
    sha256 BYTEA NOT NULL,
    author_id BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    approver_id BYTEA,
    approved_us BIGINT,
    due_us BIGINT NOT NULL,
    claim_id BYTEA,
    attempt_count BIGINT NOT NULL,
    answer BYTEA,
    remote BIGINT,
    done_us BIGINT,
    PRIMARY KEY (tenant_id, post_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, publication_id) REFERENCES incident_publication (tenant_id, publication_id),
    FOREIGN KEY (tenant_id, author_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, approver_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX tracker_post_by_incident ON tracker_post (tenant_id, incident_id, created_us, post_id);
CREATE INDEX tracker_post_due ON tracker_post (tenant_id, due_us, post_id) WHERE state = 'waiting';
CREATE UNIQUE INDEX tracker_post_one_file ON tracker_post (tenant_id, incident_id) WHERE kind = 'file' AND state IN ('waiting', 'done', 'halted');

-- Comments on the bug. remote: the tracker's number; number: within the bug. own: by our account.
CREATE TABLE tracker_comment (
    tenant_id BYTEA NOT NULL,
    comment_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    remote BIGINT NOT NULL,
    number BIGINT NOT NULL,
    own BIGINT NOT NULL CHECK (own IN (0, 1)),
    author BYTEA NOT NULL,
    body BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    seen_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, comment_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id)
);
CREATE UNIQUE INDEX tracker_comment_once ON tracker_comment (tenant_id, incident_id, remote);
CREATE INDEX tracker_comment_by_number ON tracker_comment (tenant_id, incident_id, number);
