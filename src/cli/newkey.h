/*
 * A key pair made on this machine, and the PKCS#10 request for it. The private key goes to a new file of mode 0600
 * (PKCS#8, PEM) and nowhere else; an existing file is never overwritten.
 */
#pragma once
#include "cli/cli.h"
#include "crypto/key.h"

/* *ret_csr: PEM with an empty subject and no extensions; the names stand in the request itself. RFC 2986 §4. */
cx_err newkey_make(struct cli *cli, struct cx_str path, struct cx_str key_type,
                   struct cx_str *ret_csr);
/* CertificationRequest DER, appended. */
cx_err newkey_csr_write(const struct crypto_key *key, struct cx_buf *out);
