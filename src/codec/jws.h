/*
 * One signed object in the flattened JSON serialisation (RFC 7515 §7.2.2) as RFC 8555 §6.2 narrows it: a protected
 * header, a payload that is not detached, one signature, no unprotected header. "crit" and "b64" are refused
 * (RFC 7797 §6), other unknown header parameters ignored (RFC 7515 §4). Nothing is verified here. Views are in the
 * arena of the call. Pure functions.
 */
#pragma once
#include "codec/jwk.h"

/* "none" is not among them, and HS256 is for the inner object of an external account binding only. */
enum jws_algorithm { JWS_ES256, JWS_ES384, JWS_EDDSA, JWS_RS256, JWS_HS256, JWS_ALGORITHM_COUNT };
const char *jws_algorithm_name(enum jws_algorithm algorithm);

enum {
    JWS_MAX = 128 * 1024, /* the whole text */
    JWS_HEADER_MAX = 8 * 1024,
    JWS_URL_MAX = 2048,
    JWS_NONCE_MAX = 256,
    JWS_SIGNATURE_MAX = 1024
};

struct jws {
    enum jws_algorithm algorithm;
    bool has_jwk, has_kid, has_url, has_nonce;
    struct jwk jwk;
    struct cx_str kid, url, nonce;
    struct cx_bytes payload;       /* decoded */
    struct cx_bytes signing_input; /* what the signature is over, RFC 7515 §5.1 */
    struct cx_bytes signature;
};

/* text: at most JWS_MAX. CX_E_PARSE, CX_E_LIMIT: malformed; CX_E_POLICY with rule "jws-alg": an algorithm
 * that is not supported, or "jwk-kind" (jwk.h). */
cx_err jws_parse(struct cx_bytes text, struct arena *arena, struct cx_diag *diag,
                 struct jws *ret_jws);
/* The compact serialisation (RFC 7515 §7.1), as ID tokens have it: three parts between dots. */
cx_err jws_compact_parse(struct cx_str text, struct arena *arena, struct cx_diag *diag,
                         struct jws *ret_jws);
/* The same for an object inside another one's payload. */
cx_err jws_read(const struct json_node *node, struct arena *arena, struct cx_diag *diag,
                struct jws *ret_jws);
