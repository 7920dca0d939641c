#include "core/status/ocsp_cache.h"
#include "core/core.h"
#include "core/status/status_internal.h"
#include "core/status/status_store.h"

struct lookup {
    const struct ocsp_question *question;
    struct status_found status;
};

static cx_err look_up(struct store_tx *tx, void *arg)
{
    struct lookup *lookup = arg;
    const struct issuer_entry *issuer = lookup->question->issuer;
    return status_find(tx, issuer->tenant_id, issuer->issuer_id, lookup->question->serial,
                       &lookup->status);
}

static enum keys_ocsp_status status_of(const struct status_found *found)
{
    if (!found->found)
        return KEYS_OCSP_UNKNOWN;
    return found->revoked_us ? KEYS_OCSP_REVOKED : KEYS_OCSP_GOOD;
}

cx_err ocsp_answer(struct core *core, const struct ocsp_question *question, struct arena *arena,
                   struct ocsp_answer *ret_answer)
{
    struct ocsp_cache *cache = core->status->ocsp;
    const struct issuer_entry *issuer = question->issuer;
    struct lookup lookup = {.question = question};
    struct ocsp_answer answer = {0};
    bool keep = question->nonce.len == 0;
    if (keep && ocsp_cache_find(cache, question, arena, ret_answer))
        return CX_OK;
    uint64_t generation = ocsp_cache_generation(cache);
    CX_TRY(store_read(core->store, look_up, &lookup));
    answer.this_update_us = question->now_us - question->now_us % CX_US_PER_S;
    answer.next_update_us = answer.this_update_us + OCSP_LIFE_S * CX_US_PER_S;
    answer.cacheable = keep && lookup.status.found;
    struct keys_ocsp_item item = {
        .serial = question->serial,
        .status = status_of(&lookup.status),
        .hash = question->hash,
        .revoked_us = lookup.status.revoked_us,
        .reason = lookup.status.reason,
        .this_update_us = answer.this_update_us,
        .next_update_us = answer.next_update_us,
        .produced_us = answer.this_update_us,
        .nonce = question->nonce,
    };
    CX_TRY(keys_sign_ocsp(core->keys, issuer->tenant_id, issuer->issuer_id, &item, arena,
                          &answer.der));
    if (answer.cacheable)
        ocsp_cache_put(cache, question, &answer, generation);
    *ret_answer = answer;
    return CX_OK;
}
