#include "core/protocol/acme/nonce.h"
#include "base/cleanup.h"
#include "base/fault.h"
#include "codec/base64.h"
#include "core/protect/protect.h"
#include "core/protocol/acme/acme.h"
#include "core/protocol/acme/nonce_set.h"
#include "crypto/hash.h"
#include "store/rows.h"

/* Clocks of nodes differ. */
enum { SKEW_S = 60 };

static cx_err mac(struct api_request *request, struct cx_id tenant_id, const uint8_t *key,
                  uint8_t ret_mac[static PROTECT_INDEX_LEN])
{
    return protect_index(request->core->protect, tenant_id, "acme_nonce", "nonce",
                         CX_BYTES(key, ACME_NONCE_KEY_LEN), ret_mac);
}

cx_err acme_nonce_new(struct api_request *request, struct cx_id tenant_id, struct cx_str *ret_nonce)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(2 * ACME_NONCE_LEN);
    uint8_t nonce[ACME_NONCE_LEN];
    uint64_t time_us = (uint64_t)cx_now(request->core->clock);
    for (int i = 0; i < 8; i++)
        nonce[i] = (uint8_t)(time_us >> (56 - 8 * i));
    CX_TRY(cx_rng_fill(request->core->rng, nonce + 8, ACME_NONCE_KEY_LEN - 8));
    CX_TRY(mac(request, tenant_id, nonce, nonce + ACME_NONCE_KEY_LEN));
    CX_TRY(base64url_encode(CX_BYTES(nonce, sizeof(nonce)), &text));
    return arena_copy_str(request->arena, (struct cx_str){(const char *)text.ptr, text.len},
                          ret_nonce);
}

static cx_err refuse(struct acme_call *call)
{
    return acme_refuse(
        call, ACME_BAD_NONCE, "nonce",
        "The nonce is unknown, used or too old: try again with the one of this answer.");
}

static cx_time issued_us(struct cx_bytes nonce)
{
    uint64_t time_us = 0;
    for (int i = 0; i < 8; i++)
        time_us = time_us << 8 | nonce.ptr[i];
    return (cx_time)time_us;
}

cx_err acme_nonce_check(struct acme_call *call)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf bytes = CX_BUF_INIT(JWS_NONCE_MAX);
    uint8_t want[PROTECT_INDEX_LEN];
    if (cx_fault_every("acme-nonce"))
        return refuse(call);
    if (!call->jws.has_nonce)
        return refuse(call);
    if (cx_failed(base64url_decode(call->jws.nonce, &bytes))) /* RFC 8555 §6.5.2 */
        return acme_refuse(call, ACME_MALFORMED, "nonce-form", "The nonce is not base64url.");
    if (bytes.len != ACME_NONCE_LEN)
        return refuse(call);
    CX_TRY(mac(call->request, call->directory.tenant_id, bytes.ptr, want));
    cx_time age_us = call->request->now_us - issued_us(cx_buf_view(&bytes));
    if (!crypto_ct_equal(CX_BYTES(bytes.ptr + ACME_NONCE_KEY_LEN, PROTECT_INDEX_LEN),
                         CX_BYTES(want, sizeof(want))) ||
        age_us > ACME_NONCE_LIFE_S * CX_US_PER_S || age_us < -SKEW_S * CX_US_PER_S)
        return refuse(call);
    return arena_copy(call->request->arena, CX_BYTES(bytes.ptr, ACME_NONCE_KEY_LEN), &call->nonce);
}

cx_err acme_nonce_take(struct acme_call *call)
{
    uint64_t random = 0;
    memcpy(&random, call->nonce.ptr + 8, sizeof(random));
    struct nonce_set *set = call->request->core->acme_nonces;
    return nonce_set_add(set, issued_us(call->nonce), random) ? CX_OK : refuse(call);
}

cx_err acme_nonce_use(struct store_tx *tx, struct acme_call *call)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "INSERT INTO acme_nonce (tenant_id, nonce) VALUES ($1, $2) "
                         "ON CONFLICT DO NOTHING",
                         &q));
    store_bind_id(q, 1, call->directory.tenant_id);
    store_bind_bytes(q, 2, call->nonce);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : refuse(call);
}

cx_err acme_nonce_prune(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    uint8_t oldest[8];
    uint64_t time_us = (uint64_t)(now_us - 2 * ACME_NONCE_LIFE_S * CX_US_PER_S);
    for (int i = 0; i < 8; i++)
        oldest[i] = (uint8_t)(time_us >> (56 - 8 * i));
    CX_TRY(store_prepare(tx, "DELETE FROM acme_nonce WHERE tenant_id = $1 AND nonce < $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_bytes(q, 2, CX_BYTES(oldest, sizeof(oldest)));
    return store_exec(q);
}
