-- ACME (RFC 8555): directories, keys for external account binding, accounts, orders, authorizations. The state of an order
-- is not stored: it follows from its authorizations, its request and the time (src/core/protocol/acme/order.h).
-- Data classes: db/data-classes/acme.yaml

-- profiles: names of certificate profiles, separated by blanks, the default first. user_id: whom accounts without external
-- binding act for; NULL: every account needs one. challenges: bits by enum acme_challenge. Limits of 0 do not apply.
CREATE TABLE acme_directory (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    directory_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
    issuer_id BYTEA NOT NULL,
    profiles TEXT NOT NULL,
    user_id BYTEA,
    challenges BIGINT NOT NULL,
    caa_identity TEXT NOT NULL,
    terms_url TEXT NOT NULL,
    reuse_s BIGINT NOT NULL,
    account_limit BIGINT NOT NULL,
    account_window_s BIGINT NOT NULL,
    name_limit BIGINT NOT NULL,
    name_window_s BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, directory_id),
    FOREIGN KEY (tenant_id, issuer_id) REFERENCES issuer (tenant_id, issuer_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE UNIQUE INDEX acme_directory_by_name ON acme_directory (tenant_id, name);

-- profile_name: the only profile its accounts may use; '': any of the directory. domains: dns suffixes and addresses, separated by
-- blanks; '': any. validation 'none': names within domains need no challenge.
CREATE TABLE acme_eab_key (
    tenant_id BYTEA NOT NULL,
    eab_id BYTEA NOT NULL,
    directory_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    label BYTEA NOT NULL,
    hmac_key BYTEA NOT NULL,
    profile_name TEXT NOT NULL,
    domains TEXT NOT NULL,
    validation TEXT NOT NULL CHECK (validation IN ('challenge', 'none')),
    use_max BIGINT NOT NULL,
    use_count BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    used_us BIGINT,
    revoked_us BIGINT,
    PRIMARY KEY (tenant_id, eab_id),
    FOREIGN KEY (tenant_id, directory_id) REFERENCES acme_directory (tenant_id, directory_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX acme_eab_key_by_time ON acme_eab_key (tenant_id, created_us, eab_id);

-- spki: the account's public key; thumbprint: RFC 7638. contact: JSON array of URLs.
CREATE TABLE acme_account (
    tenant_id BYTEA NOT NULL,
    account_id BYTEA NOT NULL,
    directory_id BYTEA NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('valid', 'deactivated', 'revoked')),
    spki BYTEA NOT NULL,
    thumbprint BYTEA NOT NULL,
    contact BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    eab_id BYTEA,
    terms_us BIGINT,
    created_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, account_id),
    FOREIGN KEY (tenant_id, directory_id) REFERENCES acme_directory (tenant_id, directory_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, eab_id) REFERENCES acme_eab_key (tenant_id, eab_id)
);
CREATE UNIQUE INDEX acme_account_by_key ON acme_account (tenant_id, directory_id, thumbprint);
CREATE INDEX acme_account_by_eab ON acme_account (tenant_id, eab_id) WHERE eab_id IS NOT NULL;

-- replaces_id: the certificate that it renews (RFC 9773 §5). request_id: set once, when it is finalised.
CREATE TABLE acme_order (
    tenant_id BYTEA NOT NULL,
    order_id BYTEA NOT NULL,
    account_id BYTEA NOT NULL,
    profile_name TEXT NOT NULL,
    replaces_id BYTEA,
    request_id BYTEA,
    created_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, order_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES acme_account (tenant_id, account_id),
    FOREIGN KEY (tenant_id, request_id) REFERENCES request (tenant_id, request_id)
);
CREATE INDEX acme_order_by_account ON acme_order (tenant_id, account_id, created_us, order_id);
CREATE INDEX acme_order_by_request ON acme_order (tenant_id, request_id) WHERE request_id IS NOT NULL;

-- value: the identifier without "*."; error: the problem of the challenge that failed, as JSON.
CREATE TABLE acme_authorization (
    tenant_id BYTEA NOT NULL,
    authorization_id BYTEA NOT NULL,
    account_id BYTEA NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('dns', 'ip')),
    value TEXT NOT NULL,
    wildcard BIGINT NOT NULL CHECK (wildcard IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('pending', 'processing', 'valid', 'invalid', 'deactivated')),
    token TEXT NOT NULL,
    challenge TEXT NOT NULL,
    validated_us BIGINT,
    error TEXT NOT NULL,
    lease_until_us BIGINT,
    attempt_count BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, authorization_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES acme_account (tenant_id, account_id)
);
CREATE INDEX acme_authorization_reusable ON acme_authorization (tenant_id, account_id, value, validated_us)
    WHERE state = 'valid';
CREATE INDEX acme_authorization_to_validate ON acme_authorization (tenant_id, lease_until_us)
    WHERE state = 'processing';

CREATE TABLE acme_order_authorization (
    tenant_id BYTEA NOT NULL,
    order_id BYTEA NOT NULL,
    position BIGINT NOT NULL,
    authorization_id BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, order_id, position),
    FOREIGN KEY (tenant_id, order_id) REFERENCES acme_order (tenant_id, order_id),
    FOREIGN KEY (tenant_id, authorization_id) REFERENCES acme_authorization (tenant_id, authorization_id)
);

-- Nonces that changed something, until they are too old to be accepted: their first octets are the time.
CREATE TABLE acme_nonce (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    nonce BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, nonce)
);

-- When certificates should be renewed, other than by their age (RFC 9773 §4.2): those of the issuer, and of the profile unless
-- profile_name is '', issued before issued_before_us.
CREATE TABLE renewal_window (
    tenant_id BYTEA NOT NULL,
    window_id BYTEA NOT NULL,
    issuer_id BYTEA NOT NULL,
    profile_name TEXT NOT NULL,
    issued_before_us BIGINT NOT NULL,
    start_us BIGINT NOT NULL,
    end_us BIGINT NOT NULL,
    explanation_url TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    withdrawn_us BIGINT,
    PRIMARY KEY (tenant_id, window_id),
    FOREIGN KEY (tenant_id, issuer_id) REFERENCES issuer (tenant_id, issuer_id)
);
CREATE INDEX renewal_window_by_issuer ON renewal_window (tenant_id, issuer_id, start_us) WHERE withdrawn_us IS NULL;
CREATE INDEX renewal_window_by_time ON renewal_window (tenant_id, created_us, window_id);
