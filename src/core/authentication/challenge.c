#include "core/authentication/challenge.h"

#include "base/cleanup.h"
#include "codec/base64.h"
#include "core/protect/protect.h"
#include "crypto/hash.h"
#include "store/rows.h"

static void put_time(cx_time at_us, uint8_t ret_bytes[static 8])
{
    for (int i = 0; i < 8; i++)
        ret_bytes[i] = (uint8_t)((uint64_t)at_us >> (56 - 8 * i));
}

static cx_time get_time(const uint8_t bytes[static 8])
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | bytes[i];
    return (cx_time)value;
}

/* head: end and nonce. */
static cx_err authenticate(struct core *core, const struct challenge_scope *scope,
                           const uint8_t head[static 8 + CHALLENGE_NONCE_LEN],
                           uint8_t ret_mac[static PROTECT_INDEX_LEN])
{
    uint8_t text[1 + sizeof(scope->user_id.b) + 8 + CHALLENGE_NONCE_LEN];
    text[0] = (uint8_t)scope->purpose;
    memcpy(text + 1, scope->user_id.b, sizeof(scope->user_id.b));
    memcpy(text + 1 + sizeof(scope->user_id.b), head, 8 + CHALLENGE_NONCE_LEN);
    return protect_index(core->protect, scope->tenant_id, "login_challenge", "nonce",
                         CX_BYTES(text, sizeof(text)), ret_mac);
}

cx_err challenge_make(struct core *core, const struct challenge_scope *scope, cx_time now_us,
                      struct arena *arena, struct cx_str *ret_text, cx_time *ret_expires_us)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(2 * CHALLENGE_LEN);
    uint8_t bytes[CHALLENGE_LEN];
    bool passkey = scope->purpose == CHALLENGE_REGISTER || scope->purpose == CHALLENGE_LOGIN;
    cx_time expires_us =
        now_us + (passkey ? CHALLENGE_LIFE_S : CHALLENGE_OIDC_LIFE_S) * CX_US_PER_S;
    put_time(expires_us, bytes);
    CX_TRY(cx_rng_fill(core->rng, bytes + 8, CHALLENGE_NONCE_LEN));
    CX_TRY(authenticate(core, scope, bytes, bytes + 8 + CHALLENGE_NONCE_LEN));
    CX_TRY(base64url_encode(CX_BYTES(bytes, sizeof(bytes)), &text));
    CX_TRY(arena_copy_str(arena, (struct cx_str){(const char *)text.ptr, text.len}, ret_text));
    *ret_expires_us = expires_us;
    return CX_OK;
}

static cx_err refuse(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(AUTH), "passkey", "passkey-challenge",
                     "The challenge is over, used or not from here. Try again.");
}

cx_err challenge_check(struct core *core, const struct challenge_scope *scope,
                       struct cx_bytes bytes, cx_time now_us, struct cx_diag *diag,
                       struct challenge *ret_challenge)
{
    uint8_t mac[PROTECT_INDEX_LEN];
    struct challenge challenge;
    if (bytes.len != CHALLENGE_LEN)
        return refuse(diag);
    CX_TRY(authenticate(core, scope, bytes.ptr, mac));
    if (!crypto_ct_equal(CX_BYTES(mac, sizeof(mac)),
                         CX_BYTES(bytes.ptr + 8 + CHALLENGE_NONCE_LEN, sizeof(mac))))
        return refuse(diag);
    challenge.expires_us = get_time(bytes.ptr);
    memcpy(challenge.nonce, bytes.ptr + 8, CHALLENGE_NONCE_LEN);
    if (now_us >= challenge.expires_us)
        return refuse(diag);
    *ret_challenge = challenge;
    return CX_OK;
}

cx_err challenge_use(struct store_tx *tx, struct cx_id tenant_id, const struct challenge *challenge,
                     cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, "DELETE FROM login_challenge WHERE tenant_id = $1 AND expires_us < $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    CX_TRY(store_exec(q));
    const struct row_login_challenge row = {
        .tenant_id = tenant_id,
        .nonce = CX_BYTES(challenge->nonce, sizeof(challenge->nonce)),
        .expires_us = challenge->expires_us,
    };
    return row_login_challenge_insert(tx, &row);
}
