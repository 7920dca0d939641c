/*
 * Signed OCSP answers for one certificate, from memory where they can be: RFC 6960, RFC 5019.
 *
 * Three places, in this order. Memory: answers without a nonce, served until half their life is over; a revocation drops
 * them at once; bounded, forgets the least recently used. The database: answers signed ahead (presign.h), read together
 * with the certificate's status. keys: what is not there, what asks by SHA-256 or with a nonce, and unknown serial
 * numbers; the last two are never cached, since strangers choose them. While keys is away, an answer signed
 * ahead serves until its nextUpdate. Thread-safe.
 */
#pragma once
#include "core/issuance/issuer.h"
#include "keys/client.h"

struct core;
struct ocsp_cache;

enum {
    OCSP_LIFE_S = 86400, /* nextUpdate - thisUpdate */
    OCSP_RENEW_S =
        3 * 86400 / 8, /* signed again so long after thisUpdate, before half of the life is over */
    OCSP_STRIPES = 16,
    OCSP_STRIPE_ENTRIES_MAX = 4096,
    OCSP_ANSWER_MAX = 4096, /* larger ones are not cached */
};

cx_err ocsp_cache_new(struct ocsp_cache **ret_cache);
void ocsp_cache_free(struct ocsp_cache *cache);
/* Forgets the answers for one serial number, or for all of an issuer's shard (another node revoked in it). */
void ocsp_cache_drop(struct ocsp_cache *cache, struct cx_id issuer_id, struct cx_bytes serial);
void ocsp_cache_drop_shard(struct ocsp_cache *cache, struct cx_id issuer_id, uint32_t shard);

/* All of an issuer's: its responder is not to be believed any more. */
void ocsp_cache_drop_issuer(struct ocsp_cache *cache, struct cx_id issuer_id);

struct ocsp_question {
    const struct issuer_entry *issuer;
    struct cx_bytes serial;
    enum keys_ocsp_hash hash;
    struct cx_bytes nonce; /* empty: none */
    cx_time now_us;
};

struct ocsp_answer {
    struct cx_bytes der; /* complete OCSPResponse, in arena */
    cx_time this_update_us, next_update_us;
    bool cacheable; /* by HTTP caches: no nonce, and the serial number is known */
};

/* CX_E_BUSY when keys cannot be asked and nothing is cached. */
cx_err ocsp_answer(struct core *core, const struct ocsp_question *question, struct arena *arena,
                   struct ocsp_answer *ret_answer);
