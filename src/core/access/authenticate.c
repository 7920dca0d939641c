#include "core/access/authenticate.h"
#include "base/cleanup.h"
#include "codec/http.h"
#include "core/access/access_store.h"
#include "core/access/service_store.h"
#include "core/access/rights_cache.h"
#include "core/access/secret.h"
#include "core/core.h"
#include "core/tenant/tenant_store.h"
#include "crypto/hash.h"

enum { AUTHENTICATE_ARENA_MAX = 16 * 1024 };

struct lookup {
    struct core *core;
    cx_time now_us;
    const struct access_secret *secret;
    struct arena *arena;
    bool found;
    struct token_row token;
    struct token_chain chain;
    cx_time last_used_us; /* of a service account */
    struct principal principal;
};

static void lookup_clear(struct lookup *lookup)
{
    access_principal_clear(&lookup->principal);
}

_Static_assert((int)ACCESS_TOKEN_CHAIN_MAX == (int)ACCESS_NARROWED_MAX,
               "a principal has room for every token of a chain");

static bool is_valid(const struct lookup *lookup)
{
    uint8_t hash[ACCESS_HASH_LEN];
    if (!lookup->found || cx_failed(access_secret_hash(lookup->secret, hash)))
        return false;
    if (!crypto_ct_equal(CX_BYTES(hash, sizeof(hash)),
                         CX_BYTES(lookup->token.secret_hash, sizeof(lookup->token.secret_hash))))
        return false;
    return !lookup->chain.broken && lookup->now_us < lookup->chain.ends_us;
}

static cx_err look_up(struct store_tx *tx, void *arg)
{
    struct lookup *lookup = arg;
    cx_err err = token_find(tx, lookup->secret->tenant_id, lookup->secret->id, lookup->arena,
                            &lookup->token);
    if (cx_is_ok(err))
        err = tenant_check_active(tx, lookup->secret->tenant_id);
    access_principal_clear(&lookup->principal); /* a closure may run again */
    lookup->found = cx_is_ok(err);
    if (err.code == CX_E_NOTFOUND)
        return CX_OK;
    CX_TRY(err);
    CX_TRY(token_chain_read(tx, lookup->secret->tenant_id, &lookup->token, lookup->arena,
                            &lookup->chain));
    if (!is_valid(lookup))
        return CX_OK;
    struct principal *principal = &lookup->principal;
    principal->tenant_id = lookup->secret->tenant_id;
    principal->user_id = lookup->token.user_id;
    principal->token_id = lookup->token.token_id;
    if (lookup->chain.service) {
        struct service_row service;
        CX_TRY(service_find(tx, principal->tenant_id, principal->user_id, lookup->arena, &service));
        lookup->last_used_us = service.last_used_us;
    }
    principal->narrowed_count = lookup->chain.narrowed_count;
    memcpy(principal->narrowed_by, lookup->chain.narrowed, sizeof(lookup->chain.narrowed));
    CX_TRY(access_principal_load(lookup->core, tx, lookup->now_us, principal));
    principal->authenticated = true;
    return CX_OK;
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
    CX_CLEANUP(lookup_clear)
    struct lookup lookup = {.core = core, .now_us = now_us, .secret = &secret, .arena = &arena};
    CX_TRY(store_read(core->store, look_up, &lookup));
    if (!lookup.principal.authenticated)
        return refuse_invalid(diag);
    if (lookup.chain.service)
        service_note_use(core, secret.tenant_id, lookup.principal.user_id, lookup.last_used_us,
                         now_us);
    *ret_principal = lookup.principal;
    lookup.principal = (struct principal){0};
    return CX_OK;
}
