-- Logging in through OpenID Connect providers: who they are, what their groups give, and who is who.
-- Sealed columns and the reason for each plain one: db/data-classes/federation.yaml

-- client_secret NULL: a public client. scopes, factor_acr and factor_amr are words separated by blanks. changed_by_id: who
-- set the rules last, since nobody gives themselves a right.
CREATE TABLE oidc_provider (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    provider_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
    issuer TEXT NOT NULL,
    client_id TEXT NOT NULL,
    client_secret BYTEA,
    scopes TEXT NOT NULL,
    groups_claim TEXT NOT NULL,
    userinfo BIGINT NOT NULL CHECK (userinfo IN (0, 1)),
    provision BIGINT NOT NULL CHECK (provision IN (0, 1)),
    factor_acr TEXT NOT NULL,
    factor_amr TEXT NOT NULL,
    ca_pem TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    changed_by_id BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, provider_id)
);
CREATE UNIQUE INDEX oidc_provider_by_name ON oidc_provider (tenant_id, name);
CREATE INDEX oidc_provider_by_time ON oidc_provider (tenant_id, created_us, provider_id);

-- A value of the groups claim gives a membership or a role everywhere, one of the two.
CREATE TABLE oidc_rule (
    tenant_id BYTEA NOT NULL,
    provider_id BYTEA NOT NULL,
    position BIGINT NOT NULL,
    claim_value TEXT NOT NULL,
    group_id BYTEA,
    role TEXT NOT NULL,
    PRIMARY KEY (tenant_id, provider_id, position),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES oidc_provider (tenant_id, provider_id)
);

-- Who somebody is: issuer and subject together, never an address. subject_index is a keyed token over both.
-- created_by_id NULL: made at the first login of a provider that may do so. Removed ones stay: who made one could have
-- been that user, and does not count as a second person beside them.
CREATE TABLE oidc_identity (
    tenant_id BYTEA NOT NULL,
    identity_id BYTEA NOT NULL,
    provider_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    subject_index BYTEA NOT NULL,
    subject BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    created_by_id BYTEA,
    last_login_us BIGINT,
    removed_us BIGINT,
    PRIMARY KEY (tenant_id, identity_id),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES oidc_provider (tenant_id, provider_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE UNIQUE INDEX oidc_identity_by_subject ON oidc_identity (tenant_id, subject_index) WHERE removed_us IS NULL;
CREATE INDEX oidc_identity_by_user ON oidc_identity (tenant_id, user_id);
CREATE INDEX oidc_identity_by_time ON oidc_identity (tenant_id, created_us, identity_id);

-- What logins through a provider gave, so that a login takes back what no rule gives any more. A membership that somebody
-- gave by hand is not here and stays.
CREATE TABLE oidc_membership (
    tenant_id BYTEA NOT NULL,
    provider_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    group_id BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, provider_id, user_id, group_id),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES oidc_provider (tenant_id, provider_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES access_group (tenant_id, group_id)
);
CREATE TABLE oidc_binding (
    tenant_id BYTEA NOT NULL,
    provider_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    binding_id BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, provider_id, user_id, binding_id),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES oidc_provider (tenant_id, provider_id),
    FOREIGN KEY (tenant_id, binding_id) REFERENCES role_binding (tenant_id, binding_id)
);

-- How a session began. The old column allows two words only, and SQLite cannot widen a CHECK.
ALTER TABLE login_session ADD COLUMN began_by TEXT NOT NULL DEFAULT 'passkey' CHECK (began_by IN ('password-totp', 'passkey', 'oidc', 'client-certificate'));
UPDATE login_session SET began_by = method;
ALTER TABLE login_session DROP COLUMN method;
ALTER TABLE login_session ADD COLUMN provider_id BYTEA;
