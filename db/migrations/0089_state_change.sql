-- What access and configuration are made of, as it was after every change: a version a row, in the transaction of the
-- change and of its audit entry, whose leaf carries their hash (core/change, docs/design/089-state-changes.md). Rows are only added.

-- object, object_key: what changed (core/change/object.c); version: 1, 2, … of it; content: its plain columns as JSON.
-- entry_id: the entry of the same transaction; position: 0, 1, … among what that entry brought.
CREATE TABLE state_change (
    tenant_id BYTEA NOT NULL,
    object TEXT NOT NULL,
    object_key TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    content TEXT NOT NULL,
    entry_id BYTEA NOT NULL,
    position BIGINT NOT NULL CHECK (position >= 0),
    PRIMARY KEY (tenant_id, object, object_key, version),
    FOREIGN KEY (tenant_id) REFERENCES tenant (tenant_id)
);
CREATE UNIQUE INDEX state_change_by_entry ON state_change (tenant_id, entry_id, position);

-- The hash of what an entry brought; NULL: nothing of this kind.
ALTER TABLE audit_entry ADD COLUMN state_hash BYTEA;
CREATE INDEX audit_entry_with_state ON audit_entry (tenant_id, entry_id) WHERE state_hash IS NOT NULL;
