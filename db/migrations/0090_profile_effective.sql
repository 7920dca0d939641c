-- When a version of a certificate profile comes into force; 0: when it was installed (core/policy/profile_store.h).
ALTER TABLE profile_version ADD COLUMN effective_us BIGINT NOT NULL DEFAULT 0;
