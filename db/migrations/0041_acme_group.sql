-- group_id: accounts that are bound with the key act for its user as a member of this group, with the rights of the group's
-- bindings and none of the user's others; NULL: with all rights of the user.
ALTER TABLE acme_eab_key ADD COLUMN group_id BYTEA;

CREATE INDEX acme_account_by_time ON acme_account (tenant_id, created_us, account_id);
