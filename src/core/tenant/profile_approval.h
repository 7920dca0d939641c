/*
 * What others agreed to of a certificate profile, kept until it is installed. Profiles are installed on the host, in ceremonies
 * (docs/ARCHITECTURE.md), so the agreement (core/approval/policy_change.h) and the change are two acts: the second takes
 * exactly the text, the version and the time of the first, once. Inside store closures.
 */
#pragma once
#include "base/clock.h"
#include "crypto/hash.h"
#include "pki/profile.h"
#include "store/store.h"

struct profile_terms {
    struct cx_id tenant_id;
    struct cx_str name;
    int64_t version;
    uint8_t content_sha256[CRYPTO_SHA256_LEN];
    cx_time effective_us, now_us;
};
cx_err profile_terms_of(struct cx_id tenant_id, const struct pki_profile *profile,
                        struct cx_bytes yaml, cx_time effective_us, cx_time now_us,
                        struct profile_terms *ret_terms);

/* Whether a rule asks others about this profile. */
cx_err profile_approval_needed(struct store_tx *tx, const struct profile_terms *terms,
                               struct arena *arena, bool *ret_needed);
cx_err profile_approval_insert(struct store_tx *tx, const struct profile_terms *terms,
                               struct cx_id proposal_id);
/* The proposal by which they agreed to these terms; zero: nobody has to. CX_E_POLICY, "profile-not-agreed". */
cx_err profile_approval_find(struct store_tx *tx, const struct profile_terms *terms,
                             struct arena *arena, struct cx_diag *diag,
                             struct cx_id *ret_proposal_id);
/* Takes it and ties the proposal to the entry of the transaction. Zero: nothing. */
cx_err profile_approval_use(struct store_tx *tx, const struct profile_terms *terms,
                            struct cx_id proposal_id);
