/* Who signed: keys out of JWKs, and signatures against them. */
#pragma once
#include "core/protocol/acme/acme.h"

struct acme_key {
    struct cx_bytes spki, thumbprint; /* RFC 7638 */
};

/* badPublicKey for a weak key. */
cx_err acme_key_of(struct acme_call *call, const struct jwk *jwk, struct acme_key *ret_key);
/* badSignatureAlgorithm when algorithm and key do not fit, malformed when the signature does not verify. */
cx_err acme_signature_check(struct acme_call *call, const struct jws *jws, struct cx_bytes spki);
