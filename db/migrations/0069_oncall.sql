-- What people on call have to be told of an incident: written with what asks for it, so that nothing is told twice and nothing is lost. call_key: "severity/<severity>",
-- or "duty/<percent>/<key of the duty>". taken_us: it was looked at, and pages were made where a roster asks for them.
CREATE TABLE incident_call (
    tenant_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    call_key TEXT NOT NULL,
    raised_us BIGINT NOT NULL,
    taken_us BIGINT,
    PRIMARY KEY (tenant_id, incident_id, call_key),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id)
);
CREATE INDEX incident_call_waiting ON incident_call (tenant_id, raised_us) WHERE taken_us IS NULL;

-- Who is on call, as a rotation: at each level the people take turns of shift_us from first_us on. A roster is never changed: it ends, and another one begins.
-- test_due_us: when the next test page goes out.
CREATE TABLE oncall_roster (
    tenant_id BYTEA NOT NULL,
    roster_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    severity TEXT NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
    warning_percent BIGINT NOT NULL CHECK (warning_percent BETWEEN 1 AND 100),
    first_us BIGINT NOT NULL,
    shift_us BIGINT NOT NULL CHECK (shift_us > 0),
    until_us BIGINT,
    escalate_us BIGINT NOT NULL CHECK (escalate_us > 0),
    ahead_us BIGINT NOT NULL CHECK (ahead_us > 0),
    test_every_us BIGINT,
    test_due_us BIGINT,
    creator_id BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    ender_id BYTEA,
    ended_us BIGINT,
    PRIMARY KEY (tenant_id, roster_id),
    FOREIGN KEY (tenant_id, creator_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, ender_id) REFERENCES tenant_user (tenant_id, user_id)
);

CREATE TABLE oncall_person (
    tenant_id BYTEA NOT NULL,
    roster_id BYTEA NOT NULL,
    level BIGINT NOT NULL CHECK (level BETWEEN 1 AND 3),
    place BIGINT NOT NULL CHECK (place >= 0),
    user_id BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, roster_id, level, place),
    FOREIGN KEY (tenant_id, roster_id) REFERENCES oncall_roster (tenant_id, roster_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);

-- A time in which another has the turn, or nobody (user_id NULL: whoever has it is away). The one that was made last counts.
CREATE TABLE oncall_override (
    tenant_id BYTEA NOT NULL,
    override_id BYTEA NOT NULL,
    roster_id BYTEA NOT NULL,
    level BIGINT NOT NULL CHECK (level BETWEEN 1 AND 3),
    from_us BIGINT NOT NULL,
    until_us BIGINT NOT NULL,
    user_id BYTEA,
    creator_id BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    ender_id BYTEA,
    ended_us BIGINT,
    PRIMARY KEY (tenant_id, override_id),
    FOREIGN KEY (tenant_id, roster_id) REFERENCES oncall_roster (tenant_id, roster_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, creator_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, ender_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX oncall_override_by_roster ON oncall_override (tenant_id, roster_id, until_us);

-- A time with nobody on call of which an alert was raised, once.
CREATE TABLE oncall_gap (
    tenant_id BYTEA NOT NULL,
    roster_id BYTEA NOT NULL,
    level BIGINT NOT NULL,
    from_us BIGINT NOT NULL,
    told_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, roster_id, level, from_us),
    FOREIGN KEY (tenant_id, roster_id) REFERENCES oncall_roster (tenant_id, roster_id)
);

-- One call of the people of one roster until somebody answers. incident_id NULL: a test. page_key: the incident and the call, or the time of the test.
CREATE TABLE oncall_page (
    tenant_id BYTEA NOT NULL,
    page_id BYTEA NOT NULL,
    roster_id BYTEA NOT NULL,
    incident_id BYTEA,
    page_key TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'acknowledged', 'unanswered', 'ended')),
    level BIGINT NOT NULL,
    round BIGINT NOT NULL,
    escalate_us BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    acknowledger_id BYTEA,
    acknowledged_us BIGINT,
    finished_us BIGINT,
    PRIMARY KEY (tenant_id, page_id),
    FOREIGN KEY (tenant_id, roster_id) REFERENCES oncall_roster (tenant_id, roster_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, acknowledger_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE UNIQUE INDEX oncall_page_once ON oncall_page (tenant_id, roster_id, page_key);
CREATE INDEX oncall_page_open ON oncall_page (tenant_id, escalate_us) WHERE state = 'open';
CREATE INDEX oncall_page_by_time ON oncall_page (tenant_id, created_us, page_id);

-- What one channel of one contact is sent of a page: queue and record. due_us, claim_id: as in notice_delivery. body: the text with the link that token_hash is of.
CREATE TABLE oncall_letter (
    tenant_id BYTEA NOT NULL,
    letter_id BYTEA NOT NULL,
    page_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    contact_id BYTEA NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('email', 'webhook')),
    level BIGINT NOT NULL,
    round BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'refused', 'dropped')),
    due_us BIGINT NOT NULL,
    claim_id BYTEA,
    attempt_count BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    sent_us BIGINT,
    body BYTEA NOT NULL,
    answer BYTEA,
    token_hash BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, letter_id),
    FOREIGN KEY (tenant_id, page_id) REFERENCES oncall_page (tenant_id, page_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES notice_contact (tenant_id, contact_id)
);
CREATE UNIQUE INDEX oncall_letter_once ON oncall_letter (tenant_id, page_id, round, level, contact_id, channel);
CREATE INDEX oncall_letter_due ON oncall_letter (tenant_id, due_us, letter_id) WHERE state = 'waiting';
