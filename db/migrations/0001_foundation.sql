-- One text for SQLite and PostgreSQL: BIGINT, TEXT, BYTEA; every key leads with tenant_id.
-- Identifiers are 16 random bytes, times UTC microseconds. A migration that has been released is never edited.

CREATE TABLE tenant (
    tenant_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'suspended')),
    created_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id),
    CHECK (length(tenant_id) = 16)
);

-- A tenant's data keys, wrapped by its key-encryption key in the keys process (core/protect).
CREATE TABLE data_key (
    tenant_id BYTEA NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    wrapped BYTEA NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'retired')),
    created_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, version),
    FOREIGN KEY (tenant_id) REFERENCES tenant (tenant_id)
);

-- The audit log (core/audit, docs/formats/audit.md). Rows are only added; the sequencer sets leaf_index once.
CREATE TABLE audit_entry (
    tenant_id BYTEA NOT NULL,
    entry_id BYTEA NOT NULL,
    leaf_index BIGINT CHECK (leaf_index >= 0),
    version BIGINT NOT NULL,
    time_us BIGINT NOT NULL,
    action TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('done', 'denied', 'failed')),
    user_id BYTEA,
    token_id BYTEA,
    call_id BYTEA,
    object_type TEXT,
    object_id BYTEA,
    commitment BYTEA NOT NULL,
    details BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, entry_id),
    UNIQUE (tenant_id, leaf_index),
    FOREIGN KEY (tenant_id) REFERENCES tenant (tenant_id)
);

-- What the sequencer has to do: small, because sequenced entries leave it.
CREATE INDEX audit_entry_pending ON audit_entry (tenant_id, time_us) WHERE leaf_index IS NULL;

-- The tree of a tenant: its size and the roots of its complete subtrees, largest first, 32 bytes each.
CREATE TABLE audit_tree (
    tenant_id BYTEA NOT NULL,
    size BIGINT NOT NULL CHECK (size >= 0),
    frontier BYTEA NOT NULL,
    checkpoint_size BIGINT NOT NULL,
    PRIMARY KEY (tenant_id),
    FOREIGN KEY (tenant_id) REFERENCES tenant (tenant_id)
);

CREATE TABLE audit_checkpoint (
    tenant_id BYTEA NOT NULL,
    size BIGINT NOT NULL,
    note TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, size),
    FOREIGN KEY (tenant_id) REFERENCES tenant (tenant_id)
);
