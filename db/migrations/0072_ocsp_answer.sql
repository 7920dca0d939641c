-- OCSP answers signed ahead of their questions: docs/design/072-presigned-ocsp.md. Public by nature, and never the
-- evidence of anything: whoever reads one compares it with the certificate's row in the same snapshot.

-- What the pre-signing of an issuer's answers knows. certificate: the responder's, which goes with every answer; empty: none yet.
-- generation counts the responder's keys: answers of another one are signed anew. walked_us, walked_id: certificates up to
-- here (by issued_us, certificate_id) have had their first answer. batch_count: batches stored; of two nodes one wins.
CREATE TABLE ocsp_responder (
    tenant_id BYTEA NOT NULL,
    issuer_id BYTEA NOT NULL,
    generation BIGINT NOT NULL,
    certificate BYTEA NOT NULL,
    walked_us BIGINT NOT NULL,
    walked_id BYTEA NOT NULL,
    batch_count BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, issuer_id),
    FOREIGN KEY (tenant_id, issuer_id) REFERENCES issuer (tenant_id, issuer_id)
);

-- revoked_us: what the answer says; 0: good. renew_us: when it is signed again; a revocation sets it to 0.
-- data, signature: ResponseData and the signature over it. By certificate_id, which grows with time, and not by serial number: the
-- answers of a batch lie side by side, at the first signing and at every renewal.
CREATE TABLE ocsp_answer (
    tenant_id BYTEA NOT NULL,
    certificate_id BYTEA NOT NULL,
    issuer_id BYTEA NOT NULL,
    generation BIGINT NOT NULL,
    revoked_us BIGINT NOT NULL,
    this_update_us BIGINT NOT NULL,
    next_update_us BIGINT NOT NULL,
    renew_us BIGINT NOT NULL,
    data BYTEA NOT NULL,
    signature BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, certificate_id)
);
CREATE INDEX ocsp_answer_to_renew ON ocsp_answer (tenant_id, issuer_id, renew_us);
