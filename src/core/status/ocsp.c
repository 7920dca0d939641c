#include "core/status/ocsp_cache.h"
#include "base/cleanup.h"
#include "core/core.h"
#include "core/status/presign.h"
#include "core/status/status_internal.h"
#include "pki/algorithm.h"

struct lookup {
    const struct ocsp_question *question;
    struct arena *arena;
    struct presign_found found;
};

static cx_err look_up(struct store_tx *tx, void *arg)
{
    struct lookup *lookup = arg;
    const struct issuer_entry *issuer = lookup->question->issuer;
    return presign_find(tx, issuer->tenant_id, issuer->issuer_id, lookup->question->serial,
                        lookup->arena, &lookup->found);
}

/* Is the answer signed ahead one to this question, until until_us? */
static bool is_signed_ahead(const struct presign_found *found, const struct ocsp_question *question,
                            cx_time until_us)
{
    return found->has_answer && question->nonce.len == 0 && question->hash == KEYS_OCSP_SHA1 &&
           question->now_us >= found->this_update_us && question->now_us < until_us;
}

static cx_err compose(const struct presign_found *found, struct arena *arena,
                      struct ocsp_answer *ret_answer)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(PKI_OCSP_RESPONSE_MAX);
    struct pki_certificate responder;
    enum pki_key_type key_type = PKI_KEY_P256;
    CX_TRY(pki_certificate_parse(found->certificate, NULL, &responder));
    CX_TRY(pki_spki_key_type(responder.spki, &key_type));
    CX_TRY(
        pki_ocsp_response_write(found->data, key_type, found->signature, found->certificate, &der));
    CX_TRY(arena_copy(arena, cx_buf_view(&der), &ret_answer->der));
    ret_answer->this_update_us = found->this_update_us;
    ret_answer->next_update_us = found->next_update_us;
    ret_answer->cacheable = true;
    return CX_OK;
}

static enum keys_ocsp_status status_of(const struct status_found *found)
{
    if (!found->found)
        return KEYS_OCSP_UNKNOWN;
    return found->revoked_us ? KEYS_OCSP_REVOKED : KEYS_OCSP_GOOD;
}

static cx_err sign_now(struct core *core, const struct ocsp_question *question,
                       const struct status_found *status, struct arena *arena,
                       struct ocsp_answer *ret_answer)
{
    struct ocsp_answer answer = {.this_update_us =
                                     question->now_us - question->now_us % CX_US_PER_S,
                                 .cacheable = question->nonce.len == 0 && status->found};
    answer.next_update_us = answer.this_update_us + OCSP_LIFE_S * CX_US_PER_S;
    struct keys_ocsp_item item = {
        .serial = question->serial,
        .status = status_of(status),
        .hash = question->hash,
        .revoked_us = status->revoked_us,
        .reason = status->reason,
        .this_update_us = answer.this_update_us,
        .next_update_us = answer.next_update_us,
        .produced_us = answer.this_update_us,
        .nonce = question->nonce,
    };
    CX_TRY(keys_sign_ocsp(core->keys, question->issuer->tenant_id, question->issuer->issuer_id,
                          &item, arena, &answer.der));
    *ret_answer = answer;
    return CX_OK;
}

static cx_err find_or_sign(struct core *core, const struct ocsp_question *question,
                           struct arena *arena, struct ocsp_answer *ret_answer)
{
    struct lookup lookup = {.question = question, .arena = arena};
    const struct presign_found *found = &lookup.found;
    CX_TRY(store_read(core->store, look_up, &lookup));
    const cx_time half_us =
        found->this_update_us + (found->next_update_us - found->this_update_us) / 2;
    if (is_signed_ahead(found, question, half_us))
        return compose(found, arena, ret_answer);
    cx_err err = sign_now(core, question, &found->status, arena, ret_answer);
    if (cx_failed(err) && is_signed_ahead(found, question, found->next_update_us))
        return compose(found, arena, ret_answer);
    return err;
}

cx_err ocsp_answer(struct core *core, const struct ocsp_question *question, struct arena *arena,
                   struct ocsp_answer *ret_answer)
{
    struct ocsp_cache *cache = core->status->ocsp;
    if (question->nonce.len == 0 && ocsp_cache_find(cache, question, arena, ret_answer))
        return CX_OK;
    const uint64_t generation = ocsp_cache_generation(cache);
    CX_TRY(find_or_sign(core, question, arena, ret_answer));
    if (ret_answer->cacheable)
        ocsp_cache_put(cache, question, ret_answer, generation);
    return CX_OK;
}
