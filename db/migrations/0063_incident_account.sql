-- The account of an incident: the parts that its reports are made of, what was sent out, and who signed for what.
-- Versions of a part are added, never changed: the newest counts. number: of the part within its incident, from 1.
CREATE TABLE incident_part (
    tenant_id BYTEA NOT NULL,
    version_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    number BIGINT NOT NULL CHECK (number >= 1),
    version BIGINT NOT NULL CHECK (version >= 1),
    kind TEXT NOT NULL,
    content BYTEA NOT NULL,
    author_id BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, version_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, author_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE UNIQUE INDEX incident_part_by_number ON incident_part (tenant_id, incident_id, number, version);

-- A text for the outside: as it was rendered, approved by somebody else than its author, then posted. sha256: of the text.
CREATE TABLE incident_publication (
    tenant_id BYTEA NOT NULL,
    publication_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    form TEXT NOT NULL CHECK (form IN ('preliminary', 'full', 'update', 'closure')),
    template TEXT NOT NULL,
    body BYTEA NOT NULL,
    sha256 BYTEA NOT NULL,
    author_id BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    approver_id BYTEA,
    approved_us BIGINT,
    url TEXT,
    posted_us BIGINT,
    PRIMARY KEY (tenant_id, publication_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, author_id) REFERENCES tenant_user (tenant_id, user_id),
    FOREIGN KEY (tenant_id, approver_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX incident_publication_by_incident ON incident_publication (tenant_id, incident_id, created_us, publication_id);

-- side: security or operations (the two leaderships, number 0), or validation (of the action item with that number and version).
CREATE TABLE incident_sign_off (
    tenant_id BYTEA NOT NULL,
    sign_off_id BYTEA NOT NULL,
    incident_id BYTEA NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('security', 'operations', 'validation')),
    number BIGINT NOT NULL CHECK (number >= 0),
    version BIGINT NOT NULL CHECK (version >= 0),
    comment BYTEA NOT NULL,
    signer_id BYTEA NOT NULL,
    created_us BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, sign_off_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, incident_id),
    FOREIGN KEY (tenant_id, signer_id) REFERENCES tenant_user (tenant_id, user_id)
);
CREATE INDEX incident_sign_off_by_incident ON incident_sign_off (tenant_id, incident_id, created_us, sign_off_id);
