/*
 * The certificate of a tls-alpn-01 answer: RFC 8737 §3, RFC 8738 §6 for addresses. A strict walk over the
 * DER; the signature is crypto/tls_probe.h's business. Pure.
 */
#pragma once
#include "base/diag.h"

enum { ALPN_DIGEST_LEN = 32 };

struct alpn_expected {
    struct cx_str name;     /* DNS name; empty when octets are given */
    struct cx_bytes octets; /* 4 or 16: the address of an IP identifier */
    struct cx_bytes digest; /* SHA-256 of the key authorization */
};

/* CX_E_PARSE: no certificate by X.509's rules. CX_E_POLICY: the names are not exactly the one expected, or
 * the acmeIdentifier extension is absent, twice there, not critical. CX_E_CONFLICT: it holds another
 * digest. The diagnostic's text continues "the certificate …". */
cx_err alpn_certificate_check(struct cx_bytes der, const struct alpn_expected *expected,
                              struct cx_diag *diag);
