#include "codec/jws.h"
#include "base/cleanup.h"
#include "codec/base64.h"

static const char *const names[JWS_ALGORITHM_COUNT] = {
    [JWS_ES256] = "ES256", [JWS_ES384] = "ES384", [JWS_EDDSA] = "EdDSA",
    [JWS_RS256] = "RS256", [JWS_HS256] = "HS256",
};

const char *jws_algorithm_name(enum jws_algorithm algorithm)
{
    return names[algorithm];
}

static cx_err read_algorithm(const struct json_node *header, struct cx_diag *diag, struct jws *jws)
{
    struct cx_str text = CX_STR_NONE;
    CX_TRY(json_read_str(header, "alg", 32, diag, &text));
    for (int i = 0; i < JWS_ALGORITHM_COUNT; i++) {
        if (cx_str_is(text, names[i])) {
            jws->algorithm = (enum jws_algorithm)i;
            return CX_OK;
        }
    }
    struct json_node alg = json_member(header, "alg");
    return json_refuse(&alg, diag, CX_ERR(POLICY), "jws-alg",
                       "sign with ES256, ES384, EdDSA or RS256");
}

static cx_err read_optional(const struct json_node *header, const char *key, size_t max,
                            struct arena *arena, struct cx_diag *diag, bool *ret_has,
                            struct cx_str *ret_text)
{
    struct cx_str text = CX_STR_NONE;
    if (!json_has(header, key))
        return CX_OK;
    CX_TRY(json_read_str(header, key, max, diag, &text));
    *ret_has = true;
    return arena_copy_str(arena, text, ret_text);
}

static cx_err read_header(struct cx_bytes text, struct arena *arena, struct cx_diag *diag,
                          struct jws *jws)
{
    json_auto_t *root = NULL;
    CX_TRY(json_parse(text, JWS_HEADER_MAX, diag, &root));
    struct json_node header = json_top(root);
    CX_TRY(json_as_object(&header, diag));
    /* RFC 7515 §4.1.11: an extension that is not understood makes the object invalid; RFC 8555 §6.2 forbids b64. */
    if (json_has(&header, "crit") || json_has(&header, "b64"))
        return json_refuse(&header, diag, CX_ERR(PARSE), "jws-crit",
                           "header parameters crit and b64 are not accepted");
    CX_TRY(read_algorithm(&header, diag, jws));
    CX_TRY(read_optional(&header, "kid", JWS_URL_MAX, arena, diag, &jws->has_kid, &jws->kid));
    CX_TRY(read_optional(&header, "url", JWS_URL_MAX, arena, diag, &jws->has_url, &jws->url));
    CX_TRY(
        read_optional(&header, "nonce", JWS_NONCE_MAX, arena, diag, &jws->has_nonce, &jws->nonce));
    jws->has_jwk = json_has(&header, "jwk");
    if (!jws->has_jwk)
        return CX_OK;
    struct json_node jwk = json_member(&header, "jwk");
    return jwk_read(&jwk, arena, diag, &jws->jwk);
}

static cx_err join_input(struct cx_str header, struct cx_str payload, struct arena *arena,
                         struct cx_bytes *ret_input)
{
    void *memory = NULL;
    size_t len = header.len + 1 + payload.len; /* each below JWS_MAX */
    CX_TRY(arena_alloc(arena, len, &memory));
    char *at = memory;
    memcpy(at, header.ptr, header.len);
    at[header.len] = '.';
    if (payload.len)
        memcpy(at + header.len + 1, payload.ptr, payload.len);
    *ret_input = CX_BYTES(memory, len);
    return CX_OK;
}

cx_err jws_read(const struct json_node *node, struct arena *arena, struct cx_diag *diag,
                struct jws *ret_jws)
{
    static const char *const members[] = {"protected", "payload", "signature"};
    struct jws jws = {.algorithm = JWS_ES256};
    struct cx_str header = CX_STR_NONE, payload = CX_STR_NONE;
    struct cx_bytes header_text = CX_BYTES_NONE;
    /* RFC 8555 §6.2: no unprotected header, one signature. */
    CX_TRY(json_only(node, members, sizeof(members) / sizeof(members[0]), diag));
    CX_TRY(json_read_str(node, "protected", 2 * JWS_HEADER_MAX, diag, &header));
    CX_TRY(json_read_str(node, "payload", JWS_MAX, diag, &payload));
    CX_TRY(json_read_base64url(node, "protected", JWS_HEADER_MAX, arena, diag, &header_text));
    CX_TRY(json_read_base64url(node, "payload", JWS_MAX, arena, diag, &jws.payload));
    CX_TRY(json_read_base64url(node, "signature", JWS_SIGNATURE_MAX, arena, diag, &jws.signature));
    CX_TRY(read_header(header_text, arena, diag, &jws));
    CX_TRY(join_input(header, payload, arena, &jws.signing_input));
    *ret_jws = jws;
    return CX_OK;
}

cx_err jws_parse(struct cx_bytes text, struct arena *arena, struct cx_diag *diag,
                 struct jws *ret_jws)
{
    json_auto_t *root = NULL;
    CX_TRY(json_parse(text, JWS_MAX, diag, &root));
    struct json_node top = json_top(root);
    return jws_read(&top, arena, diag, ret_jws);
}

static cx_err decode_part(struct cx_str part, size_t max, struct arena *arena, struct cx_diag *diag,
                          struct cx_bytes *ret_bytes)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf bytes = CX_BUF_INIT(max);
    cx_err err = base64url_decode(part, &bytes);
    if (err.code == CX_E_PARSE)
        return cx_refuse(diag, err, "", "jws-base64", "a part of the token is not base64url");
    CX_TRY(err);
    return arena_copy(arena, cx_buf_view(&bytes), ret_bytes);
}

cx_err jws_compact_parse(struct cx_str text, struct arena *arena, struct cx_diag *diag,
                         struct jws *ret_jws)
{
    struct jws jws = {.algorithm = JWS_ES256};
    struct cx_str parts[3] = {CX_STR_NONE, CX_STR_NONE, CX_STR_NONE};
    struct cx_bytes header = CX_BYTES_NONE;
    size_t count = 0, start = 0;
    if (text.len > JWS_MAX)
        return cx_refuse(diag, CX_ERR(LIMIT), "", "jws-length", "the token is too long");
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.ptr[i] != '.')
            continue;
        if (count == 3)
            return cx_refuse(diag, CX_ERR(PARSE), "", "jws-parts", "a token has three parts");
        parts[count++] = (struct cx_str){text.ptr + start, i - start};
        start = i + 1;
    }
    if (count != 3)
        return cx_refuse(diag, CX_ERR(PARSE), "", "jws-parts", "a token has three parts");
    CX_TRY(decode_part(parts[0], JWS_HEADER_MAX, arena, diag, &header));
    CX_TRY(decode_part(parts[1], JWS_MAX, arena, diag, &jws.payload));
    CX_TRY(decode_part(parts[2], JWS_SIGNATURE_MAX, arena, diag, &jws.signature));
    CX_TRY(read_header(header, arena, diag, &jws));
    CX_TRY(
        arena_copy(arena, CX_BYTES(text.ptr, parts[0].len + 1 + parts[1].len), &jws.signing_input));
    *ret_jws = jws;
    return CX_OK;
}
