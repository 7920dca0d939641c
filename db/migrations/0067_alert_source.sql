-- Tools that send signed alerts. mapping: the contract's JSON, empty: the built-in one of the kind. previous_secret is good until
-- previous_until_us. rotation_count: two rotations at once do not both happen. A source is never removed, it ends.
CREATE TABLE alert_source (
    tenant_id BYTEA NOT NULL,
    source_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('generic', 'sarif', 'alertmanager', 'custom')),
    mapping TEXT NOT NULL,
    secret BYTEA NOT NULL,
    previous_secret BYTEA,
    previous_until_us BIGINT,
    rotation_count BIGINT NOT NULL,
    rotated_us BIGINT,
    creator_id BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    ender_id BYTEA,
    ended_us BIGINT,
    PRIMARY KEY (tenant_id, source_id),
    FOREIGN KEY (tenant_id, creator_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, ender_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE UNIQUE INDEX alert_source_name ON alert_source (tenant_id, name);
CREATE INDEX alert_source_by_time ON alert_source (tenant_id, created_us, source_id);

-- What a source sent, once each: label is the sender's name of the delivery, body its octets, which are evidence.
CREATE TABLE alert_delivery (
    tenant_id BYTEA NOT NULL,
    delivery_id BYTEA NOT NULL,
    source_id BYTEA NOT NULL,
    label TEXT NOT NULL,
    body BYTEA NOT NULL,
    sha256 BYTEA NOT NULL,
    alert_count BIGINT NOT NULL,
    opened_count BIGINT NOT NULL,
    skipped_count BIGINT NOT NULL,
    received_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, delivery_id),
    FOREIGN KEY (tenant_id, source_id) REFERENCES alert_source (tenant_id, source_id)
);
CREATE UNIQUE INDEX alert_delivery_once ON alert_delivery (tenant_id, source_id, label);
CREATE INDEX alert_delivery_by_time ON alert_delivery (tenant_id, source_id, received_us, delivery_id);
