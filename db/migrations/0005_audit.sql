-- The hash of a sequenced leaf, so that verification names the very entry that was altered and not only the
-- checkpoint that found it.
ALTER TABLE audit_entry ADD COLUMN leaf_hash BYTEA;

-- Listing newest first, and the history of one object.
CREATE INDEX audit_entry_by_time ON audit_entry (tenant_id, time_us, entry_id);
CREATE INDEX audit_entry_by_object ON audit_entry (tenant_id, object_id, time_us, entry_id);
