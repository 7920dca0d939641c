/* What an OpenID Connect provider sends: the first octet chooses discovery, keys, the answer to a code, claims or userinfo. What
 * was accepted is within its bounds, and discovery is the issuer's. */
#include "tests/fuzz/fuzz.h"

#include "base/cleanup.h"
#include "core/federation/oidc_document.h"

static void try_claims(struct cx_bytes text, bool userinfo)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 22);
    struct cx_diag diag = CX_DIAG_INIT;
    struct oidc_claims claims = {0};
    cx_err err = userinfo ? oidc_userinfo_parse(text, CX_STR("groups"), &arena, &diag, &claims)
                          : oidc_claims_parse(text, CX_STR("groups"), &arena, &diag, &claims);
    if (cx_failed(err))
        return;
    FUZZ_REQUIRE(claims.subject.len > 0 && claims.subject.len <= OIDC_SUBJECT_MAX);
    FUZZ_REQUIRE(claims.groups.count <= OIDC_GROUPS_MAX);
    for (size_t i = 0; i < claims.groups.count; i++)
        FUZZ_REQUIRE(claims.groups.items[i].len <= OIDC_GROUP_MAX);
}

static void try_documents(struct cx_bytes text, int which)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 22);
    struct cx_diag diag = CX_DIAG_INIT;
    struct oidc_discovery discovery = {0};
    struct oidc_keys keys = {0};
    struct oidc_answer answer = {0};
    if (which == 0 && cx_is_ok(oidc_discovery_parse(text, CX_STR("https://op.example"), &arena,
                                                    &diag, &discovery)))
        FUZZ_REQUIRE(cx_str_is(discovery.issuer, "https://op.example") &&
                     cx_str_starts(discovery.token_endpoint, CX_STR("https://")));
    if (which == 1 && cx_is_ok(oidc_keys_parse(text, &arena, &diag, &keys)))
        FUZZ_REQUIRE(keys.count <= OIDC_KEYS_MAX);
    if (which == 2 && cx_is_ok(oidc_answer_parse(text, &arena, &diag, &answer)))
        FUZZ_REQUIRE(answer.id_token.len > 0 && answer.id_token.len <= OIDC_TOKEN_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct cx_bytes rest = CX_BYTES(data + 1, size - 1);
    if (data[0] % 5 < 3)
        try_documents(rest, data[0] % 5);
    else
        try_claims(rest, data[0] % 5 == 4);
    return 0;
}
