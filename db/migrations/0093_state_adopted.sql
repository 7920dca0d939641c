-- Which kinds of objects are recorded for a tenant (core/change/adopt.c): a kind that a later version of the program brings is taken
-- over once, when core starts; afterwards an unknown row of that kind is one that came behind the application's back.
CREATE TABLE state_adopted (
    tenant_id BYTEA NOT NULL REFERENCES tenant (tenant_id),
    object TEXT NOT NULL,
    PRIMARY KEY (tenant_id, object)
);
INSERT INTO state_adopted (tenant_id, object)
    SELECT t.tenant_id, k.object FROM tenant t CROSS JOIN (
        SELECT 'tenant' AS object UNION ALL SELECT 'user' UNION ALL SELECT 'group' UNION ALL SELECT 'member' UNION ALL
        SELECT 'nesting' UNION ALL SELECT 'role' UNION ALL SELECT 'role-conflict' UNION ALL SELECT 'binding' UNION ALL
        SELECT 'issuer' UNION ALL SELECT 'certificate-profile' UNION ALL SELECT 'acme-directory' UNION ALL
        SELECT 'oidc-provider' UNION ALL SELECT 'approval-rule' UNION ALL SELECT 'delegation' UNION ALL
        SELECT 'break-glass-account') k
    WHERE EXISTS (SELECT 1 FROM state_change s WHERE s.tenant_id = t.tenant_id);

-- What people activated and still have: asked for whenever somebody leaves a group.
CREATE INDEX role_binding_activated ON role_binding (tenant_id, subject_id)
    WHERE source_id IS NOT NULL AND ended_us IS NULL;
