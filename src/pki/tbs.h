/* Pieces of the to-be-signed certificate that other files need. */
#pragma once
#include "pki/certificate.h"

/* The profile's key usage for this kind of key: encipherment bits are for RSA only (RFC 8813 §3,
 * RFC 9295 §3), key agreement for ECDH keys only. */
uint32_t pki_key_usage_for(const struct pki_profile *profile, enum pki_key_type type);

/* "<status_url>/crl/<issuer_ref>/<shard>.crl" and its like, NUL-terminated. CX_E_LIMIT when too
 * long. */
enum { PKI_URL_MAX = 512 };
enum pki_url { PKI_URL_CRL, PKI_URL_OCSP, PKI_URL_ISSUER };
cx_err pki_url_format(const struct pki_issuer *issuer, enum pki_url url, uint32_t shard,
                      char ret_url[static PKI_URL_MAX], size_t *ret_len);
