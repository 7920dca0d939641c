-- Who may do what: users, their roles, their tokens, and the one-time links that enrol them.
-- Sealed columns and the reason for each plain one: db/data-classes/access.yaml

CREATE TABLE tenant_user (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    user_id BYTEA NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('invited', 'active', 'disabled')),
    display_name BYTEA NOT NULL,
    email BYTEA,
    email_index BYTEA,
    created_us BIGINT NOT NULL,
    disabled_us BIGINT,
    PRIMARY KEY (tenant_id, user_id)
);
CREATE UNIQUE INDEX tenant_user_by_email ON tenant_user (tenant_id, email_index);
CREATE INDEX tenant_user_by_time ON tenant_user (tenant_id, created_us, user_id);

CREATE TABLE role_grant (
    tenant_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('administrator', 'requester', 'approver', 'operator', 'auditor')),
    granted_by_id BYTEA,
    granted_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, role),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);

-- roles: bit set of 1 << enum access_role. What a token may do is that AND the roles its user has now.
CREATE TABLE api_token (
    tenant_id BYTEA NOT NULL,
    token_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    label BYTEA NOT NULL,
    secret_hash BYTEA NOT NULL,
    roles BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    revoked_us BIGINT,
    PRIMARY KEY (tenant_id, token_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX api_token_by_user ON api_token (tenant_id, user_id, created_us, token_id);
CREATE INDEX api_token_by_time ON api_token (tenant_id, created_us, token_id);

CREATE TABLE enrolment_link (
    tenant_id BYTEA NOT NULL,
    link_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    secret_hash BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    redeemed_us BIGINT,
    PRIMARY KEY (tenant_id, link_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX enrolment_link_by_user ON enrolment_link (tenant_id, user_id);
