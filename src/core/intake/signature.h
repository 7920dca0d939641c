/*
 * What a tool signs its alerts with: the header
 *
 *   CertiNext-Signature: t=SECONDS,d=DELIVERY,v1=HEX
 *
 * where HEX is HMAC-SHA-256 over "SECONDS.DELIVERY." and the body. The delivery's name is signed with the rest, so that nobody who
 * sees one can send it again under another name. Pure. Strict: the three parts, each once, in this order, nothing else.
 */
#pragma once
#include "base/clock.h"
#include "base/diag.h"
#include "crypto/hash.h"

enum {
    SIGNATURE_KEY_LEN = 32,
    SIGNATURE_DELIVERY_MAX = 64,
    /* A clock of a tool may be wrong by that much; a header is good for that long. */
    SIGNATURE_WINDOW_S = 300
};

struct signature {
    int64_t time_s;
    struct cx_str seconds;  /* as written: this is what was signed */
    struct cx_str delivery; /* [A-Za-z0-9._:-]{1,64} */
    uint8_t mac[CRYPTO_SHA256_LEN];
};

/* Views into header. CX_E_PARSE. */
cx_err signature_parse(struct cx_str header, struct cx_diag *diag, struct signature *ret_signature);
/* CX_E_AUTH when the time is more than SIGNATURE_WINDOW_S away from now. */
cx_err signature_check_time(const struct signature *signature, cx_time now_us,
                            struct cx_diag *diag);
/* Was it made with this key over this body? CX_E_NOMEM and the like are errors of ours. */
cx_err signature_matches(const struct signature *signature, struct cx_bytes key,
                         struct cx_bytes body, bool *ret_matches);
