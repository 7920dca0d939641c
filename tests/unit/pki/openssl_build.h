/*
 * Certificates, CRLs and OCSP responses built by OpenSSL's X509_*, X509_CRL_* and OCSP_* from the inputs of the builders
 * in pki: a second writer that shares no code with the first. Names are given as attributes, not as bytes, so that they
 * too are encoded anew. What is made is the caller's; a failure of OpenSSL fails the test.
 */
#pragma once
#include "tests/lib/test.h"

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "pki/crl.h"
#include "pki/ocsp.h"

struct openssl_issuer {
    const struct pki_issuer *issuer; /* subject_der, spki and key_type are not looked at */
    const struct pki_attribute *subject;
    size_t subject_count;
    EVP_PKEY *key;
};

X509 *openssl_certificate(const struct pki_template *tmpl, const struct openssl_issuer *issuer);
X509_CRL *openssl_crl(const struct pki_crl *crl, const struct openssl_issuer *issuer);
/* The hashes in the questions are computed anew from the issuer's name and key; responder signs. */
OCSP_RESPONSE *openssl_ocsp(const struct pki_ocsp_response *response,
                            const struct openssl_issuer *issuer, X509 *responder, EVP_PKEY *key,
                            bool with_certificate);
