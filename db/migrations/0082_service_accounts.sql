-- Service accounts, and which token made a token. Sealed columns and the reason for each plain one:
-- db/data-classes/service_account.yaml. Code: src/core/access/service_*.c

-- A service account is a user that no person is: it never logs in, and who owns it answers for it.
ALTER TABLE tenant_user ADD COLUMN kind TEXT NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'service'));

CREATE TABLE service_account (
    tenant_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    purpose BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    created_by_id BYTEA NOT NULL,
    last_used_us BIGINT,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX service_account_by_time ON service_account (tenant_id, created_us, user_id);

-- Whose it is and was: a person, or the people of a group. Rows end and stay: whoever owned an account does not count as a
-- second person beside what it did.
CREATE TABLE service_owner (
    tenant_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    since_us BIGINT NOT NULL,
    owner_id BYTEA,
    group_id BYTEA,
    given_by_id BYTEA NOT NULL,
    ended_us BIGINT,
    PRIMARY KEY (tenant_id, user_id, since_us),
    CHECK ((owner_id IS NULL) <> (group_id IS NULL)),
    FOREIGN KEY (tenant_id, user_id) REFERENCES service_account (tenant_id, user_id),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES access_group (tenant_id, group_id)
);
CREATE UNIQUE INDEX service_owner_now ON service_owner (tenant_id, user_id) WHERE ended_us IS NULL;
CREATE INDEX service_owner_by_owner ON service_owner (tenant_id, owner_id) WHERE owner_id IS NOT NULL;

-- The token that this one was made with: it works for as long as that one does, and may do no more. NULL: made in a
-- session, or by redeeming a link.
ALTER TABLE api_token ADD COLUMN parent_id BYTEA;
CREATE INDEX api_token_by_parent ON api_token (tenant_id, parent_id) WHERE parent_id IS NOT NULL;
