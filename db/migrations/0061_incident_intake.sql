-- What comes in: alerts, de-duplicated into one incident with a count, and reports from outside.
CREATE TABLE incident_alert (
    tenant_id BYTEA NOT NULL,
    alert_key TEXT NOT NULL,
    incident_id BYTEA NOT NULL,
    count BIGINT NOT NULL CHECK (count >= 1),
    first_us BIGINT NOT NULL,
    last_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, alert_key),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id)
);

-- address_index: keyed token of the sender's address, for the limit per address.
CREATE TABLE incident_report (
    tenant_id BYTEA NOT NULL,
    report_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    problem BYTEA NOT NULL,
    reporter BYTEA,
    may_be_named BIGINT NOT NULL CHECK (may_be_named IN (0, 1)),
    proven_spki BYTEA,
    address_index BYTEA NOT NULL,
    received_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, report_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id)
);
CREATE INDEX incident_report_by_incident ON incident_report (tenant_id, incident_id, received_us);
CREATE INDEX incident_report_by_address ON incident_report (tenant_id, address_index, received_us);
CREATE INDEX incident_report_by_time ON incident_report (tenant_id, received_us);
