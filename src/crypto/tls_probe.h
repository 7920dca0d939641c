/*
 * A TLS client handshake that looks and leaves: which protocol did the server choose by ALPN, and which
 * certificate does it show? Nothing is verified and nothing is sent. For tls-alpn-01 (RFC 8737), whose
 * certificates are self-signed; it lives here because this folder is the only user of OpenSSL.
 */
#pragma once
#include "base/diag.h"

enum { CRYPTO_PROBE_CERTIFICATE_MAX = 16384 };

struct crypto_probe {
    int fd;               /* connected, non-blocking; stays the caller's */
    const char *sni;      /* server name to send */
    const char *protocol; /* the only one offered, 1 … 255 octets */
    int64_t deadline_us;  /* cx_monotonic_us */
};

struct crypto_probe_result {
    bool protocol_chosen;      /* the server chose the one offered */
    bool self_signed;          /* the certificate's signature verifies under its own key */
    struct cx_buf certificate; /* DER; cx_buf_clear */
};

/* TLS 1.2 or 1.3. CX_E_IO: time, connection; CX_E_CRYPTO: the handshake failed; both with the reason in diag. */
cx_err crypto_tls_probe(const struct crypto_probe *probe, struct cx_diag *diag,
                        struct crypto_probe_result *ret_result);
