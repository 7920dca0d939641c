-- How people log in: factors, sessions, and what bounds guessing. Sealed columns and the reason for each plain one:
-- db/data-classes/authentication.yaml

-- verifier: an argon2id PHC string. A password alone never logs in: login asks for the one-time code with it.
CREATE TABLE login_password (
    tenant_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    verifier BYTEA NOT NULL,
    changed_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);

-- secret: in force; pending: made, not yet confirmed. last_step: the newest time step that a code was accepted for;
-- no step counts twice (RFC 6238 section 5.2).
CREATE TABLE login_totp (
    tenant_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    secret BYTEA,
    pending BYTEA,
    last_step BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);

-- A WebAuthn credential. credential_hash: SHA-256 of its identifier, so that it is one user's of the tenant.
CREATE TABLE login_passkey (
    tenant_id BYTEA NOT NULL,
    passkey_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    credential_hash BYTEA NOT NULL,
    credential BYTEA NOT NULL,
    public_key BYTEA NOT NULL,
    algorithm BIGINT NOT NULL CHECK (algorithm IN (-7, -8, -257)),
    sign_count BIGINT NOT NULL,
    backup_eligible BIGINT NOT NULL CHECK (backup_eligible IN (0, 1)),
    label BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    last_used_us BIGINT,
    PRIMARY KEY (tenant_id, passkey_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE UNIQUE INDEX login_passkey_by_credential ON login_passkey (tenant_id, credential_hash);
CREATE INDEX login_passkey_by_user ON login_passkey (tenant_id, user_id, created_us);

-- A session holds no rights: they are its user's, read with every request. bearer: the secret is sent as a bearer token,
-- else as a cookie; neither is taken for the other.
CREATE TABLE login_session (
    tenant_id BYTEA NOT NULL,
    session_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    secret_hash BYTEA NOT NULL,
    method TEXT NOT NULL CHECK (method IN ('password-totp', 'passkey')),
    bearer BIGINT NOT NULL CHECK (bearer IN (0, 1)),
    source_address BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    last_used_us BIGINT NOT NULL,
    factor_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    ended_us BIGINT,
    PRIMARY KEY (tenant_id, session_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX login_session_by_user ON login_session (tenant_id, user_id, created_us);

-- A browser in which this user logged in before: failures elsewhere do not lock it out.
CREATE TABLE login_device (
    tenant_id BYTEA NOT NULL,
    device_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    secret_hash BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, device_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX login_device_by_user ON login_device (tenant_id, user_id);

-- Attempts counted against one thing: an account from a source, a source, an account, a device.
CREATE TABLE login_throttle (
    tenant_id BYTEA NOT NULL,
    throttle_key BYTEA NOT NULL,
    attempt_count BIGINT NOT NULL,
    blocked_us BIGINT NOT NULL,
    forgotten_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, throttle_key)
);
CREATE INDEX login_throttle_by_end ON login_throttle (tenant_id, forgotten_us);

-- A WebAuthn challenge that was answered: it counts once.
CREATE TABLE login_challenge (
    tenant_id BYTEA NOT NULL,
    nonce BYTEA NOT NULL,
    expires_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, nonce)
);
CREATE INDEX login_challenge_by_end ON login_challenge (tenant_id, expires_us);

-- Who removed a user's factors last: the same person's link does not enrol new ones.
CREATE TABLE login_reset (
    tenant_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    reset_by_id BYTEA NOT NULL,
    reset_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);
