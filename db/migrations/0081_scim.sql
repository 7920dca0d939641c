-- SCIM 2.0: which directories provision here, and which users and groups are theirs.
-- Sealed columns and the reason for each plain one: db/data-classes/scim.yaml

-- A client is a user of its own that holds one right and one token. changed_by_id: who was shown its secret last, since
-- they could act as it and nobody gives themselves a right.
CREATE TABLE scim_client (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    user_id BYTEA NOT NULL,
    token_id BYTEA NOT NULL,
    binding_id BYTEA NOT NULL,
    expires_us BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    changed_by_id BYTEA NOT NULL,
    revoked_us BIGINT,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, token_id) REFERENCES api_token (tenant_id, token_id),
    FOREIGN KEY (tenant_id, binding_id) REFERENCES role_binding (tenant_id, binding_id)
);
CREATE INDEX scim_client_by_time ON scim_client (tenant_id, created_us, user_id);

-- attributes: one JSON object with what a directory says of a user and no other table holds. deactivated_us: since when the
-- directory has them inactive; it enables again only whom it disabled.
CREATE TABLE scim_user (
    tenant_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    client_id BYTEA NOT NULL,
    user_name_index BYTEA NOT NULL,
    external_id_index BYTEA,
    attributes BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    deactivated_us BIGINT,
    removed_us BIGINT,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, client_id) REFERENCES scim_client (tenant_id, user_id)
);
CREATE UNIQUE INDEX scim_user_by_name ON scim_user (tenant_id, client_id, user_name_index) WHERE removed_us IS NULL;
CREATE INDEX scim_user_by_external_id ON scim_user (tenant_id, client_id, external_id_index);
CREATE INDEX scim_user_by_time ON scim_user (tenant_id, client_id, created_us, user_id);

-- made_here: the directory made the group, no administrator handed it over. privileged_allowed: an administrator said that
-- the directory may put people into it although a privileged role comes with it; marked_by_id is who said what holds.
CREATE TABLE scim_group (
    tenant_id BYTEA NOT NULL,
    group_id BYTEA NOT NULL,
    client_id BYTEA NOT NULL,
    display_name TEXT NOT NULL,
    external_id TEXT NOT NULL,
    made_here BIGINT NOT NULL CHECK (made_here IN (0, 1)),
    privileged_allowed BIGINT NOT NULL CHECK (privileged_allowed IN (0, 1)),
    marked_by_id BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    removed_us BIGINT,
    PRIMARY KEY (tenant_id, group_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES access_group (tenant_id, group_id),
    FOREIGN KEY (tenant_id, client_id) REFERENCES scim_client (tenant_id, user_id)
);
CREATE INDEX scim_group_by_time ON scim_group (tenant_id, client_id, created_us, group_id);
