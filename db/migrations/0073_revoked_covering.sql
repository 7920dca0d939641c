-- Everything that a CRL says of a certificate, in the order it says it: a shard is read from its part of this index alone, instead
-- of one row of certificate after the other from all over the file. Only revoked certificates are in it: issuing pays nothing.
DROP INDEX certificate_revoked;
CREATE INDEX certificate_revoked ON certificate
    (tenant_id, issuer_id, shard, revoked_us, serial, revoke_reason, not_after_us) WHERE revoked_us IS NOT NULL;
