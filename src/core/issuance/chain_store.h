/*
 * Other chains of an issuer than its own (db/migrations/0042_issuer_chain.sql). Read when they are asked for and not kept,
 * so that one added on the host is served at once. Inside store closures; views are in arena.
 */
#pragma once
#include "core/issuance/issuer.h"

enum {
    ISSUER_CHAIN_FIRST = 2,
    ISSUER_CHAIN_LAST = 9
}; /* 0 and 1 are the issuer's own: without its root, with it */

struct issuer_chain {
    int64_t position;
    struct cx_bytes certificates[ISSUER_CHAIN_MAX + 1]; /* the issuer's first, the root last */
    size_t count;
};

/* Those in force, by position; chains has room for all. */
cx_err issuer_chains_read(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                          struct arena *arena,
                          struct issuer_chain chains[ISSUER_CHAIN_LAST - ISSUER_CHAIN_FIRST + 1],
                          size_t *ret_count);
/* certificates: DER, concatenated. CX_E_LIMIT: every position has been used. */
cx_err issuer_chain_add(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                        struct cx_bytes certificates, cx_time now_us, int64_t *ret_position);
/* CX_E_NOTFOUND: none in force at this position. */
cx_err issuer_chain_remove(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                           int64_t position, cx_time now_us);
