/*
 * The keys process's own copy of the profiles: DIR/keys/profile/<ten id>/<name>-<version>.yaml and ".mac" beside it,
 * an HMAC under the key-encryption key. Installed by ceremony only, never changed; online they are loaded
 * at first use and kept. Thread-safe; a returned profile lives until profile_dir_free.
 */
#pragma once
#include "keys/kek.h"
#include "pki/profile.h"

struct profile_dir;

enum { PROFILE_YAML_MAX = 64 * 1024, PROFILES_MAX = 10000 };

cx_err profile_dir_new(const char *dir, struct kek *kek, struct profile_dir **ret_dir);
void profile_dir_free(struct profile_dir *dir);

/* CX_E_NOTFOUND (rule "profile-unknown"), CX_E_CRYPTO (rule "profile-altered"). */
cx_err profile_dir_get(struct profile_dir *dir, struct cx_id tenant_id, struct cx_str name,
                       uint32_t version, struct cx_diag *diag,
                       const struct pki_profile **ret_profile);

/* Ceremonies only. CX_E_CONFLICT when this version is installed with another text; the same text is fine. */
cx_err profile_dir_install(struct profile_dir *dir, struct cx_id tenant_id, struct cx_bytes yaml,
                           struct cx_diag *diag, const struct pki_profile **ret_profile);
