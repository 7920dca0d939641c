/*
 * Public keys as JSON (RFC 7517, RFC 7518 §6, RFC 8037): the four kinds that sign here, nothing else. Unknown
 * members are ignored (RFC 7517 §4); a private or symmetric member is refused, since whoever sends one has
 * given their key away. Coordinates have their full length and RSA numbers no leading zero, so that one key has one
 * spelling. Views are in the arena of the call. Pure functions.
 */
#pragma once
#include "codec/json.h"

enum jwk_kind { JWK_P256, JWK_P384, JWK_ED25519, JWK_RSA };

enum { JWK_RSA_MAX = 1024, JWK_EXPONENT_MAX = 8, JWK_TEXT_MAX = 4096 };

struct jwk {
    enum jwk_kind kind;
    struct cx_bytes x, y; /* EC: coordinates; Ed25519: x is the key */
    struct cx_bytes n, e; /* RSA: big-endian, no leading zero */
};

/* CX_E_PARSE: malformed; CX_E_POLICY: a kind of key that is not supported. */
cx_err jwk_read(const struct json_node *node, struct arena *arena, struct cx_diag *diag,
                struct jwk *ret_jwk);
/* The text whose SHA-256 is the thumbprint: RFC 7638 §3, RFC 8037 appendix A.3. Appended. */
cx_err jwk_canonical_write(const struct jwk *jwk, struct cx_buf *out);
/* SubjectPublicKeyInfo, canonical. Appended. */
cx_err jwk_spki_write(const struct jwk *jwk, struct cx_buf *out);
