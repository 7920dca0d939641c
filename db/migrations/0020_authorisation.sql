-- Who may do what, and where: groups, roles of a tenant's own, bindings of a role to a subject in a scope. Rows are
-- ended, never deleted, so that "who could do this then" has an answer (core/access/state_store.c reads any time).

CREATE TABLE access_group (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    group_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    created_by_id BYTEA,
    PRIMARY KEY (tenant_id, group_id)
);
-- A group stays for good and keeps its name: what was granted to it never falls to another.
CREATE UNIQUE INDEX access_group_by_name ON access_group (tenant_id, name);
CREATE INDEX access_group_by_time ON access_group (tenant_id, created_us, group_id);

CREATE TABLE group_member (
    tenant_id BYTEA NOT NULL,
    group_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    added_us BIGINT NOT NULL,
    added_by_id BYTEA,
    ended_us BIGINT,
    PRIMARY KEY (tenant_id, group_id, user_id, added_us),
    FOREIGN KEY (tenant_id, group_id) REFERENCES access_group (tenant_id, group_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE UNIQUE INDEX group_member_now ON group_member (tenant_id, group_id, user_id) WHERE ended_us IS NULL;
CREATE INDEX group_member_by_user ON group_member (tenant_id, user_id);

-- Members of the child are members of the parent.
CREATE TABLE group_nesting (
    tenant_id BYTEA NOT NULL,
    parent_id BYTEA NOT NULL,
    child_id BYTEA NOT NULL,
    added_us BIGINT NOT NULL,
    added_by_id BYTEA,
    ended_us BIGINT,
    PRIMARY KEY (tenant_id, parent_id, child_id, added_us),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES access_group (tenant_id, group_id),
    FOREIGN KEY (tenant_id, child_id) REFERENCES access_group (tenant_id, group_id)
);
CREATE UNIQUE INDEX group_nesting_now ON group_nesting (tenant_id, parent_id, child_id) WHERE ended_us IS NULL;

-- Roles that a tenant made itself; those that every tenant has are in core/access/roles.c.
CREATE TABLE custom_role (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    name TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    created_by_id BYTEA,
    PRIMARY KEY (tenant_id, name)
);
CREATE TABLE custom_role_permission (
    tenant_id BYTEA NOT NULL,
    role TEXT NOT NULL,
    permission TEXT NOT NULL,
    added_us BIGINT NOT NULL,
    added_by_id BYTEA,
    ended_us BIGINT,
    PRIMARY KEY (tenant_id, role, permission, added_us),
    FOREIGN KEY (tenant_id, role) REFERENCES custom_role (tenant_id, name)
);

-- subject_id is a user, a group or a token. A token's bindings do not add to what its person may do: they narrow it.
-- Scope: everywhere, or the groups of binding_group (none: any) and the clauses of binding_tag (none: any); never
-- neither of the three. tags: the expression as binding_tag holds it, for people.
CREATE TABLE role_binding (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    binding_id BYTEA NOT NULL,
    subject_type TEXT NOT NULL CHECK (subject_type IN ('user', 'group', 'token')),
    subject_id BYTEA NOT NULL,
    role TEXT NOT NULL,
    everywhere BIGINT NOT NULL CHECK (everywhere IN (0, 1)),
    tags TEXT NOT NULL,
    start_us BIGINT NOT NULL,
    expires_us BIGINT,
    reason BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    created_by_id BYTEA,
    ended_us BIGINT,
    ended_by_id BYTEA,
    PRIMARY KEY (tenant_id, binding_id)
);
CREATE INDEX role_binding_by_subject ON role_binding (tenant_id, subject_id);
CREATE INDEX role_binding_by_time ON role_binding (tenant_id, created_us, binding_id);

CREATE TABLE binding_group (
    tenant_id BYTEA NOT NULL,
    binding_id BYTEA NOT NULL,
    group_id BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, binding_id, group_id),
    FOREIGN KEY (tenant_id, binding_id) REFERENCES role_binding (tenant_id, binding_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES access_group (tenant_id, group_id)
);

-- One row for each name=value; those of one clause are alternatives, every clause has to hold.
CREATE TABLE binding_tag (
    tenant_id BYTEA NOT NULL,
    binding_id BYTEA NOT NULL,
    clause BIGINT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (tenant_id, binding_id, clause, name, value),
    FOREIGN KEY (tenant_id, binding_id) REFERENCES role_binding (tenant_id, binding_id)
);

-- No person holds both. A term is the name of a role or of a permission; those that every tenant has are in
-- core/access/conflict.c.
CREATE TABLE role_conflict (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    one TEXT NOT NULL,
    other TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    created_by_id BYTEA,
    PRIMARY KEY (tenant_id, one, other)
);

-- Grows with every change of the tables above, in the transaction of the change: compiled rights of an older
-- generation are compiled again (core/access/rights_cache.c). No row: 0.
CREATE TABLE access_generation (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    generation BIGINT NOT NULL,
    PRIMARY KEY (tenant_id)
);

-- The group that owns a request or a certificate; NULL: none, so that only a right everywhere (or by tag) reaches it.
-- placed_us: when group or tags were changed last, so that an answer about the past knows what it does not know.
ALTER TABLE request ADD COLUMN group_id BYTEA;
ALTER TABLE certificate ADD COLUMN group_id BYTEA;
ALTER TABLE certificate ADD COLUMN placed_us BIGINT;
CREATE INDEX request_by_group ON request (tenant_id, group_id, created_us, request_id) WHERE group_id IS NOT NULL;
CREATE INDEX certificate_by_group ON certificate (tenant_id, group_id, issued_us, certificate_id) WHERE group_id IS NOT NULL;

-- role_grant and the bits of api_token.roles are superseded. core/access/adopt.c turns what they hold into bindings
-- when core starts, each with its audit entry. From here on api_token.roles says: 31, the token may do what its person
-- may; 0, what its own bindings leave of that.
