-- What the leadership was told of a period: the text as it was made, its SHA-256 and when. Rows are added, never changed. maker_id is NULL when
-- the period's end made it, which happens once a period.
CREATE TABLE incident_pack (
    tenant_id BYTEA NOT NULL,
    pack_id BYTEA NOT NULL,
    from_us BIGINT NOT NULL,
    until_us BIGINT NOT NULL CHECK (until_us > from_us),
    maker_id BYTEA,
    markdown BYTEA NOT NULL,
    markdown_sha256 BYTEA NOT NULL,
    made_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, pack_id),
    FOREIGN KEY (tenant_id, maker_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX incident_pack_by_time ON incident_pack (tenant_id, made_us, pack_id);
CREATE UNIQUE INDEX incident_pack_of_period ON incident_pack (tenant_id, from_us, until_us) WHERE maker_id IS NULL;
