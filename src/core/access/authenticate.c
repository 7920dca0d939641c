#include "core/access/authenticate.h"
#include "base/cleanup.h"
#include "codec/http.h"
#include "core/access/access_store.h"
#include "core/access/credential.h"
#include "core/access/secret.h"
#include "core/core.h"
#include "crypto/hash.h"

enum { AUTHENTICATE_ARENA_MAX = 16 * 1024 };

struct lookup {
    const struct access_secret *secret;
    struct arena *arena;
    bool found;
    struct token_row token;
    struct user_row user;
};

static cx_err look_up(struct store_tx *tx, void *arg)
{
    struct lookup *lookup = arg;
    cx_err err = token_find(tx, lookup->secret->tenant_id, lookup->secret->id, lookup->arena,
                            &lookup->token);
    lookup->found = cx_is_ok(err);
    if (err.code == CX_E_NOTFOUND)
        return CX_OK;
    CX_TRY(err);
    return user_find(tx, lookup->secret->tenant_id, lookup->token.user_id, lookup->arena,
                     &lookup->user);
}

static bool is_valid(const struct lookup *lookup, cx_time now_us)
{
    uint8_t hash[ACCESS_HASH_LEN];
    if (!lookup->found || cx_failed(access_secret_hash(lookup->secret, hash)))
        return false;
    if (!crypto_ct_equal(CX_BYTES(hash, sizeof(hash)),
                         CX_BYTES(lookup->token.secret_hash, sizeof(lookup->token.secret_hash))))
        return false;
    return lookup->token.revoked_us == 0 && now_us < lookup->token.expires_us &&
           lookup->user.state == USER_ACTIVE;
}

static cx_err refuse_invalid(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(AUTH), "", "token-invalid",
                     "The API token is not valid: it may be mistyped, expired or revoked.");
}

cx_err access_authenticate(struct core *core, struct cx_str authorization, cx_time now_us,
                           struct cx_diag *diag, struct principal *ret_principal)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(AUTHENTICATE_ARENA_MAX);
    CX_CLEANUP(access_secret_clear) struct access_secret secret = {0};
    struct cx_str text = CX_STR_NONE;
    if (authorization.len == 0)
        return cx_refuse(diag, CX_ERR(AUTH), "", "token-missing", "Send a valid API token.");
    if (cx_failed(http_bearer(authorization, &text)) ||
        cx_failed(access_secret_parse(ACCESS_SECRET_TOKEN, text, &secret)))
        return refuse_invalid(diag);
    struct lookup lookup = {.secret = &secret, .arena = &arena};
    CX_TRY(store_read(core->store, look_up, &lookup));
    if (!is_valid(&lookup, now_us))
        return refuse_invalid(diag);
    *ret_principal = (struct principal){
        .tenant_id = secret.tenant_id,
        .user_id = lookup.token.user_id,
        .token_id = lookup.token.token_id,
        .roles = lookup.token.roles & lookup.user.roles,
        .whole = lookup.token.roles == ACCESS_ALL_ROLES,
        .authenticated = true,
    };
    return CX_OK;
}
