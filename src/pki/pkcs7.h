/* A chain as PKCS#7 / CMS "certs-only" SignedData (RFC 5652 §5.1, RFC 8551 §3.8): no content, no signer. */
#pragma once
#include "base/bytes.h"

enum { PKI_PKCS7_CERTIFICATES_MAX = 16 };

/* Certificates in the order given, the end entity's first by custom. CX_E_USAGE for none or too many. */
cx_err pki_pkcs7_write(const struct cx_bytes *certificates, size_t count, struct cx_buf *out);
