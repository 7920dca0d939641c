#include "core/federation/oidc_document.h"

#include "base/cleanup.h"

enum { WORDS_MAX = 16, WORD_MAX = 256, NAME_MAX = 1024 };

static cx_err read_text(const struct json_node *object, const char *key, size_t max,
                        struct arena *arena, struct cx_diag *diag, struct cx_str *ret_text)
{
    struct cx_str text = CX_STR_NONE;
    CX_TRY(json_read_str(object, key, max, diag, &text));
    return arena_copy_str(arena, text, ret_text);
}

static cx_err read_optional(const struct json_node *object, const char *key, size_t max,
                            struct arena *arena, struct cx_diag *diag, struct cx_str *ret_text)
{
    return json_has(object, key) ? read_text(object, key, max, arena, diag, ret_text) : CX_OK;
}

static cx_err read_url(const struct json_node *object, const char *key, struct arena *arena,
                       struct cx_diag *diag, struct cx_str *ret_url)
{
    struct json_node member = json_member(object, key);
    struct cx_str url = CX_STR_NONE;
    CX_TRY(json_read_str(object, key, OIDC_URL_MAX, diag, &url));
    if (!cx_str_starts(url, CX_STR("https://")))
        return json_refuse(&member, diag, CX_ERR(POLICY), "oidc-https", "it is not an https URL");
    for (size_t i = 0; i < url.len; i++)
        if (url.ptr[i] <= ' ' || url.ptr[i] > '~' || url.ptr[i] == '#')
            return json_refuse(&member, diag, CX_ERR(PARSE), "oidc-url", "it is not a URL");
    return arena_copy_str(arena, url, ret_url);
}

/* One text is a list of one. */
static cx_err read_words(const struct json_node *object, const char *key, size_t count_max,
                         size_t max, struct arena *arena, struct cx_diag *diag,
                         struct oidc_words *ret_words)
{
    struct json_node member = json_member(object, key);
    struct oidc_words words = {NULL, 0};
    struct cx_str text = CX_STR_NONE;
    if (!json_has(object, key))
        return CX_OK;
    bool single = json_is_string(member.value);
    words.count = 1;
    if (!single)
        CX_TRY(json_as_array(&member, count_max, diag, &words.count));
    CX_TRY(ARENA_NEW_ARRAY(arena, words.count, &words.items));
    for (size_t i = 0; i < words.count; i++) {
        struct json_node item = single ? member : json_item(&member, i);
        CX_TRY(json_as_str(&item, max, diag, &text));
        CX_TRY(arena_copy_str(arena, text, &words.items[i]));
    }
    *ret_words = words;
    return CX_OK;
}

static bool has_word(const struct oidc_words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++)
        if (cx_str_is(words->items[i], word))
            return true;
    return false;
}

static cx_err read_abilities(const struct json_node *top, struct arena *arena, struct cx_diag *diag,
                             struct oidc_discovery *discovery)
{
    struct oidc_words pkce = {NULL, 0}, secrets = {NULL, 0};
    CX_TRY(read_words(top, "code_challenge_methods_supported", WORDS_MAX, WORD_MAX, arena, diag,
                      &pkce));
    CX_TRY(read_words(top, "token_endpoint_auth_methods_supported", WORDS_MAX, WORD_MAX, arena,
                      diag, &secrets));
    if (pkce.count && !has_word(&pkce, "S256"))
        return json_refuse(top, diag, CX_ERR(POLICY), "oidc-pkce",
                           "the provider takes no S256 code challenge");
    discovery->secret_in_body = secrets.count && !has_word(&secrets, "client_secret_basic") &&
                                has_word(&secrets, "client_secret_post");
    const char *parameter = "authorization_response_iss_parameter_supported";
    if (json_has(top, parameter))
        CX_TRY(json_read_bool(top, parameter, diag, &discovery->issuer_parameter));
    return CX_OK;
}

cx_err oidc_discovery_parse(struct cx_bytes text, struct cx_str issuer, struct arena *arena,
                            struct cx_diag *diag, struct oidc_discovery *ret_discovery)
{
    struct oidc_discovery discovery = {.issuer_parameter = false};
    json_auto_t *root = NULL;
    CX_TRY(json_parse(text, OIDC_DOCUMENT_MAX, diag, &root));
    struct json_node top = json_top(root), member = json_member(&top, "issuer");
    CX_TRY(json_as_object(&top, diag));
    CX_TRY(read_text(&top, "issuer", OIDC_URL_MAX, arena, diag, &discovery.issuer));
    if (!cx_str_eq(discovery.issuer, issuer))
        return json_refuse(&member, diag, CX_ERR(POLICY), "oidc-issuer",
                           "the document is of another issuer than the one configured");
    CX_TRY(
        read_url(&top, "authorization_endpoint", arena, diag, &discovery.authorization_endpoint));
    CX_TRY(read_url(&top, "token_endpoint", arena, diag, &discovery.token_endpoint));
    CX_TRY(read_url(&top, "jwks_uri", arena, diag, &discovery.jwks_uri));
    if (json_has(&top, "userinfo_endpoint"))
        CX_TRY(read_url(&top, "userinfo_endpoint", arena, diag, &discovery.userinfo_endpoint));
    CX_TRY(read_abilities(&top, arena, diag, &discovery));
    *ret_discovery = discovery;
    return CX_OK;
}

static bool fits_algorithm(enum jwk_kind kind, struct cx_str algorithm)
{
    static const enum jws_algorithm of[] = {[JWK_P256] = JWS_ES256,
                                            [JWK_P384] = JWS_ES384,
                                            [JWK_ED25519] = JWS_EDDSA,
                                            [JWK_RSA] = JWS_RS256};
    return algorithm.len == 0 || cx_str_is(algorithm, jws_algorithm_name(of[kind]));
}

/* *ret_used false: not a key to verify with. Only a broken document and lack of memory are errors. */
static cx_err read_key(const struct json_node *node, struct arena *arena, struct cx_diag *diag,
                       struct oidc_key *ret_key, bool *ret_used)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf spki = CX_BUF_INIT(JWK_TEXT_MAX);
    struct cx_str use = CX_STR_NONE, algorithm = CX_STR_NONE;
    struct oidc_key key = {.kid = CX_STR("")};
    struct jwk jwk;
    *ret_used = false;
    CX_TRY(json_as_object(node, diag));
    CX_TRY(read_optional(node, "kid", WORD_MAX, arena, diag, &key.kid));
    CX_TRY(read_optional(node, "use", WORD_MAX, arena, diag, &use));
    CX_TRY(read_optional(node, "alg", WORD_MAX, arena, diag, &algorithm));
    cx_err err = jwk_read(node, arena, NULL, &jwk);
    if (err.code == CX_E_PARSE || err.code == CX_E_POLICY || err.code == CX_E_LIMIT)
        return CX_OK;
    CX_TRY(err);
    if ((use.len && !cx_str_is(use, "sig")) || !fits_algorithm(jwk.kind, algorithm))
        return CX_OK;
    CX_TRY(jwk_spki_write(&jwk, &spki));
    CX_TRY(arena_copy(arena, cx_buf_view(&spki), &key.spki));
    key.kind = jwk.kind;
    *ret_key = key;
    *ret_used = true;
    return CX_OK;
}

cx_err oidc_keys_parse(struct cx_bytes text, struct arena *arena, struct cx_diag *diag,
                       struct oidc_keys *ret_keys)
{
    struct oidc_keys keys = {NULL, 0};
    struct json_node list;
    json_auto_t *root = NULL;
    size_t count = 0;
    CX_TRY(json_parse(text, OIDC_DOCUMENT_MAX, diag, &root));
    struct json_node top = json_top(root);
    CX_TRY(json_read_array(&top, "keys", OIDC_KEYS_MAX, diag, &list, &count));
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &keys.items));
    for (size_t i = 0; i < count; i++) {
        struct json_node item = json_item(&list, i);
        bool used = false;
        CX_TRY(read_key(&item, arena, diag, &keys.items[keys.count], &used));
        keys.count += used ? 1 : 0;
    }
    *ret_keys = keys;
    return CX_OK;
}

cx_err oidc_answer_parse(struct cx_bytes text, struct arena *arena, struct cx_diag *diag,
                         struct oidc_answer *ret_answer)
{
    struct oidc_answer answer = {.access_token = CX_STR("")};
    struct cx_str type = CX_STR_NONE;
    json_auto_t *root = NULL;
    CX_TRY(json_parse(text, OIDC_DOCUMENT_MAX, diag, &root));
    struct json_node top = json_top(root), member = json_member(&top, "token_type");
    CX_TRY(json_read_str(&top, "token_type", WORD_MAX, diag, &type));
    if (type.len != 6 || strncasecmp(type.ptr, "bearer", 6) != 0)
        return json_refuse(&member, diag, CX_ERR(POLICY), "oidc-token-type",
                           "only bearer tokens are used");
    CX_TRY(read_text(&top, "id_token", OIDC_TOKEN_MAX, arena, diag, &answer.id_token));
    CX_TRY(read_text(&top, "access_token", OIDC_TOKEN_MAX, arena, diag, &answer.access_token));
    *ret_answer = answer;
    return CX_OK;
}

static cx_err read_groups(const struct json_node *top, struct cx_str groups_claim,
                          struct arena *arena, struct cx_diag *diag, struct oidc_words *ret_groups)
{
    struct json_node elsewhere = json_member(top, "_claim_names");
    char name[WORD_MAX + 1];
    if (groups_claim.len > WORD_MAX)
        return CX_ERR(USAGE);
    snprintf(name, sizeof(name), "%.*s", CX_STR_ARG(groups_claim));
    if (json_is_object(elsewhere.value) && json_has(&elsewhere, name))
        return json_refuse(&elsewhere, diag, CX_ERR(POLICY), "oidc-groups-left-out",
                           "the provider left the groups out because they are too many");
    return read_words(top, name, OIDC_GROUPS_MAX, OIDC_GROUP_MAX, arena, diag, ret_groups);
}

static cx_err read_subject(const struct json_node *top, struct arena *arena, struct cx_diag *diag,
                           struct cx_str *ret_subject)
{
    struct json_node member = json_member(top, "sub");
    CX_TRY(read_text(top, "sub", OIDC_SUBJECT_MAX, arena, diag, ret_subject));
    return ret_subject->len ? CX_OK
                            : json_refuse(&member, diag, CX_ERR(PARSE), "id-token-subject",
                                          "the subject is empty");
}

cx_err oidc_claims_parse(struct cx_bytes text, struct cx_str groups_claim, struct arena *arena,
                         struct cx_diag *diag, struct oidc_claims *ret_claims)
{
    struct oidc_claims claims = {.auth_s = 0};
    json_auto_t *root = NULL;
    CX_TRY(json_parse(text, OIDC_DOCUMENT_MAX, diag, &root));
    struct json_node top = json_top(root);
    CX_TRY(json_as_object(&top, diag));
    CX_TRY(read_text(&top, "iss", OIDC_URL_MAX, arena, diag, &claims.issuer));
    CX_TRY(read_subject(&top, arena, diag, &claims.subject));
    CX_TRY(read_words(&top, "aud", WORDS_MAX, WORD_MAX, arena, diag, &claims.audiences));
    CX_TRY(json_read_i64(&top, "exp", 1, INT32_MAX * INT64_C(16), diag, &claims.expires_s));
    CX_TRY(json_read_i64(&top, "iat", 1, INT32_MAX * INT64_C(16), diag, &claims.issued_s));
    if (json_has(&top, "auth_time"))
        CX_TRY(json_read_i64(&top, "auth_time", 1, INT32_MAX * INT64_C(16), diag, &claims.auth_s));
    CX_TRY(read_optional(&top, "azp", WORD_MAX, arena, diag, &claims.authorized_party));
    CX_TRY(read_optional(&top, "nonce", WORD_MAX, arena, diag, &claims.nonce));
    CX_TRY(read_optional(&top, "acr", WORD_MAX, arena, diag, &claims.acr));
    CX_TRY(read_optional(&top, "at_hash", WORD_MAX, arena, diag, &claims.at_hash));
    CX_TRY(read_optional(&top, "name", NAME_MAX, arena, diag, &claims.name));
    CX_TRY(read_words(&top, "amr", WORDS_MAX, WORD_MAX, arena, diag, &claims.amr));
    CX_TRY(read_groups(&top, groups_claim, arena, diag, &claims.groups));
    *ret_claims = claims;
    return CX_OK;
}

cx_err oidc_userinfo_parse(struct cx_bytes text, struct cx_str groups_claim, struct arena *arena,
                           struct cx_diag *diag, struct oidc_claims *ret_claims)
{
    struct oidc_claims claims = {.auth_s = 0};
    json_auto_t *root = NULL;
    CX_TRY(json_parse(text, OIDC_DOCUMENT_MAX, diag, &root));
    struct json_node top = json_top(root);
    CX_TRY(json_as_object(&top, diag));
    CX_TRY(read_subject(&top, arena, diag, &claims.subject));
    CX_TRY(read_optional(&top, "name", NAME_MAX, arena, diag, &claims.name));
    CX_TRY(read_groups(&top, groups_claim, arena, diag, &claims.groups));
    *ret_claims = claims;
    return CX_OK;
}
