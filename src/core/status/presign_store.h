/*
 * Rows behind OCSP answers that are signed ahead (presign.h). Inside store closures.
 *
 * An answer's row is never believed alone: who reads it compares revoked_us with the certificate's row in the same snapshot, and
 * the generation with the responder's. So neither a revocation nor a new key has to find the rows it makes wrong.
 */
#pragma once
#include "core/status/status_store.h"

struct presign_responder {
    int64_t generation;          /* 0: there is no row yet */
    struct cx_bytes certificate; /* empty: none yet */
    cx_time walked_us;
    struct cx_id walked_id;
    int64_t batch_count;
};
/* Zero when there is no row. The certificate lies in arena. */
cx_err presign_responder_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                              struct arena *arena, struct presign_responder *ret_responder);
/* Compare-and-set on before->batch_count, which the new row's is one more than. CX_E_CONFLICT: somebody else was faster. */
cx_err presign_responder_set(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                             const struct presign_responder *before,
                             const struct presign_responder *after);

/* A certificate whose answer is to be signed, or removed when the certificate has expired. */
struct presign_due {
    struct cx_id certificate_id;
    struct keys_revoked status; /* serial, and revoked_us 0: good */
    bool expired;
};

/* Answers whose time to renew has come. due has room for limit. */
cx_err presign_due(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                   cx_time now_us, size_t limit, struct presign_due *due, size_t *ret_count);
/* Certificates issued until until_us, after where the walk stands, that have no answer of this generation; moves the walk
 * (in responder, not stored). Looks at scan_max certificates at most; *ret_scanned: at how many it did. */
cx_err presign_walk(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                    cx_time now_us, cx_time until_us, size_t scan_max, size_t limit,
                    struct presign_responder *responder, struct presign_due *due, size_t *ret_count,
                    size_t *ret_scanned);

struct presign_answer {
    struct cx_id tenant_id, certificate_id, issuer_id;
    int64_t generation;
    cx_time revoked_us; /* what it says; 0: good */
    cx_time this_update_us, next_update_us, renew_us;
    struct cx_bytes data, signature;
};
/* Stores it. When the certificate's status is another by now it is due again at once. */
cx_err presign_answer_put(struct store_tx *tx, const struct presign_answer *answer);
cx_err presign_answer_remove(struct store_tx *tx, struct cx_id tenant_id,
                             struct cx_id certificate_id);
/* Whatever answer there is for the certificate is to be signed anew. */
cx_err presign_answer_mark(struct store_tx *tx, struct cx_id tenant_id,
                           struct cx_id certificate_id);

/* The status of a serial number, and the answer signed ahead if there is one that says just that, by the present key. */
struct presign_found {
    struct status_found status;
    bool has_answer;
    cx_time this_update_us, next_update_us;
    struct cx_bytes data, signature, certificate; /* in arena */
};
cx_err presign_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                    struct cx_bytes serial, struct arena *arena, struct presign_found *ret_found);
