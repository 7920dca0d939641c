-- Accounts for the worst day. One has no rights until two other persons open it, for a time that ends by itself.
CREATE TABLE break_glass_account (
    tenant_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    created_by_id BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_user (tenant_id, user_id)
);

-- 1: opened on such an account; whatever is done by it is marked in the log.
ALTER TABLE role_binding ADD COLUMN break_glass BIGINT;
