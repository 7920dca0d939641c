#include "codec/jwk.h"
#include "codec/base64.h"
#include "codec/der_write.h"
#include "codec/json_write.h"

static const struct {
    const char *kty, *crv; /* crv NULL: RSA */
    size_t len;            /* of a coordinate or the key */
} kinds[] = {
    [JWK_P256] = {"EC", "P-256", 32},
    [JWK_P384] = {"EC", "P-384", 48},
    [JWK_ED25519] = {"OKP", "Ed25519", 32},
    [JWK_RSA] = {"RSA", NULL, 0},
};

static cx_err refuse_private(const struct json_node *node, struct cx_diag *diag)
{
    static const char *const members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (json_has(node, members[i]))
            return json_refuse(node, diag, CX_ERR(PARSE), "jwk-private",
                               "the key holds private members: it must be replaced");
    return CX_OK;
}

static cx_err find_kind(const struct json_node *node, struct cx_diag *diag, enum jwk_kind *ret_kind)
{
    struct cx_str kty = CX_STR_NONE, crv = CX_STR_NONE;
    CX_TRY(json_read_str(node, "kty", 16, diag, &kty));
    if (!cx_str_is(kty, "RSA"))
        CX_TRY(json_read_str(node, "crv", 16, diag, &crv));
    for (int kind = JWK_P256; kind <= JWK_RSA; kind++) {
        bool same_curve = kinds[kind].crv ? cx_str_is(crv, kinds[kind].crv) : crv.len == 0;
        if (cx_str_is(kty, kinds[kind].kty) && same_curve) {
            *ret_kind = (enum jwk_kind)kind;
            return CX_OK;
        }
    }
    return json_refuse(node, diag, CX_ERR(POLICY), "jwk-kind",
                       "keys are EC P-256 or P-384, OKP Ed25519, or RSA");
}

/* RFC 7518 §6.2.1.2: the length of a coordinate is that of the curve. */
static cx_err read_fixed(const struct json_node *node, const char *key, size_t len,
                         struct arena *arena, struct cx_diag *diag, struct cx_bytes *ret_bytes)
{
    struct cx_bytes bytes = CX_BYTES_NONE;
    CX_TRY(json_read_base64url(node, key, len, arena, diag, &bytes));
    struct json_node member = json_member(node, key);
    if (bytes.len != len)
        return json_refuse(&member, diag, CX_ERR(PARSE), "jwk-length",
                           "the value has not the length that the curve needs");
    *ret_bytes = bytes;
    return CX_OK;
}

/* RFC 7518 §6.3.1.1: no leading zero. */
static cx_err read_number(const struct json_node *node, const char *key, size_t max,
                          struct arena *arena, struct cx_diag *diag, struct cx_bytes *ret_bytes)
{
    struct cx_bytes bytes = CX_BYTES_NONE;
    CX_TRY(json_read_base64url(node, key, max, arena, diag, &bytes));
    struct json_node member = json_member(node, key);
    if (bytes.len == 0 || bytes.ptr[0] == 0)
        return json_refuse(&member, diag, CX_ERR(PARSE), "jwk-number",
                           "the number is empty or has a leading zero");
    *ret_bytes = bytes;
    return CX_OK;
}

cx_err jwk_read(const struct json_node *node, struct arena *arena, struct cx_diag *diag,
                struct jwk *ret_jwk)
{
    struct jwk jwk = {.kind = JWK_P256};
    CX_TRY(json_as_object(node, diag));
    CX_TRY(refuse_private(node, diag));
    CX_TRY(find_kind(node, diag, &jwk.kind));
    size_t len = kinds[jwk.kind].len;
    if (jwk.kind == JWK_RSA) {
        CX_TRY(read_number(node, "n", JWK_RSA_MAX, arena, diag, &jwk.n));
        CX_TRY(read_number(node, "e", JWK_EXPONENT_MAX, arena, diag, &jwk.e));
    } else {
        CX_TRY(read_fixed(node, "x", len, arena, diag, &jwk.x));
        if (jwk.kind != JWK_ED25519)
            CX_TRY(read_fixed(node, "y", len, arena, diag, &jwk.y));
    }
    *ret_jwk = jwk;
    return CX_OK;
}

cx_err jwk_canonical_write(const struct jwk *jwk, struct cx_buf *out)
{
    struct json_writer json = json_writer(out);
    CX_TRY(json_begin_object(&json, NULL));
    if (jwk->kind == JWK_RSA) {
        CX_TRY(json_write_base64url(&json, "e", jwk->e));
        CX_TRY(json_write_text(&json, "kty", "RSA"));
        CX_TRY(json_write_base64url(&json, "n", jwk->n));
        return json_end(&json);
    }
    CX_TRY(json_write_text(&json, "crv", kinds[jwk->kind].crv));
    CX_TRY(json_write_text(&json, "kty", kinds[jwk->kind].kty));
    CX_TRY(json_write_base64url(&json, "x", jwk->x));
    if (jwk->kind != JWK_ED25519)
        CX_TRY(json_write_base64url(&json, "y", jwk->y));
    return json_end(&json);
}

/* RSAPublicKey, RFC 8017 appendix A.1.1, inside the bit string. */
static cx_err write_rsa(const struct jwk *jwk, struct cx_buf *out)
{
    static const uint8_t no_unused_bits = 0;
    size_t bits = 0, sequence = 0;
    CX_TRY(der_begin(out, DER_BIT_STRING, &bits));
    CX_TRY(cx_buf_add(out, CX_BYTES(&no_unused_bits, 1)));
    CX_TRY(der_begin(out, DER_SEQUENCE, &sequence));
    CX_TRY(der_write_unsigned(out, jwk->n));
    CX_TRY(der_write_unsigned(out, jwk->e));
    CX_TRY(der_end(out, sequence));
    return der_end(out, bits);
}

static cx_err write_algorithm(enum jwk_kind kind, struct cx_buf *out)
{
    static const char *const algorithm[] = {
        [JWK_P256] = "1.2.840.10045.2.1",
        [JWK_P384] = "1.2.840.10045.2.1",
        [JWK_ED25519] = "1.3.101.112",
        [JWK_RSA] = "1.2.840.113549.1.1.1",
    };
    size_t sequence = 0;
    CX_TRY(der_begin(out, DER_SEQUENCE, &sequence));
    CX_TRY(der_write_oid_text(out, algorithm[kind]));
    if (kind == JWK_P256)
        CX_TRY(der_write_oid_text(out, "1.2.840.10045.3.1.7"));
    if (kind == JWK_P384)
        CX_TRY(der_write_oid_text(out, "1.3.132.0.34"));
    if (kind == JWK_RSA)
        CX_TRY(der_write_null(out));
    return der_end(out, sequence);
}

cx_err jwk_spki_write(const struct jwk *jwk, struct cx_buf *out)
{
    uint8_t point[1 + 2 * 48];
    size_t len = kinds[jwk->kind].len, sequence = 0;
    CX_TRY(der_begin(out, DER_SEQUENCE, &sequence));
    CX_TRY(write_algorithm(jwk->kind, out));
    if (jwk->kind == JWK_RSA) {
        CX_TRY(write_rsa(jwk, out));
    } else if (jwk->kind == JWK_ED25519) {
        CX_TRY(der_write_bit_string(out, jwk->x, 0));
    } else {
        point[0] = 4; /* SEC 1 §2.3.3: uncompressed */
        memcpy(point + 1, jwk->x.ptr, len);
        memcpy(point + 1 + len, jwk->y.ptr, len);
        CX_TRY(der_write_bit_string(out, CX_BYTES(point, 1 + 2 * len), 0));
    }
    return der_end(out, sequence);
}
