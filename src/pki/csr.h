/*
 * Certificate signing requests, PKCS#10 (RFC 2986): own strict DER walk. Nothing in a request is dropped: an attribute
 * or extension that is not supported is refused by name. Views point into der or arena.
 *
 * P-256 requests are verified on the fast path; for every other key OpenSSL reads the request as well, and what
 * the two readers see must be the same bytes.
 */
#pragma once
#include "pki/profile.h"

enum { PKI_CSR_MAX = 16384 };

struct pki_csr {
    struct cx_bytes der, info; /* info: what is signed */
    struct cx_bytes subject_der, spki;
    enum pki_key_type key_type;
    const struct pki_attribute *subject;
    size_t subject_count;
    const struct pki_name *names; /* normal form */
    size_t name_count;
    struct cx_bytes names_der; /* value of subjectAltName; empty when absent */
    /* Extensions that are not used but must agree with the profile: pki_csr_fits. */
    bool has_key_usage, has_basic_constraints, ca;
    uint32_t key_usage;
    const struct cx_str *ext_key_usage; /* dotted */
    size_t ext_key_usage_count;
    struct cx_bytes signature_algorithm, signature;
};

/* Parses and verifies. CX_E_PARSE: malformed; CX_E_POLICY: something in it is not supported; CX_E_CRYPTO: the
 * signature does not verify; CX_E_LIMIT: too large. The diagnostic names field ("/csr…") and rule. */
cx_err pki_csr_parse(struct arena *arena, struct cx_bytes der, struct cx_diag *diag,
                     struct pki_csr *ret_csr);

/* Refuses a request whose keyUsage, extKeyUsage or basicConstraints differ from what the profile will write. */
cx_err pki_csr_fits(const struct pki_csr *csr, const struct pki_profile *profile,
                    struct cx_diag *diag);

/* Writes a CertificationRequestInfo with the names as extension request (none when name_count is 0); sign it and close it with
 * pki_certificate_write. For CA keys whose certificate is signed elsewhere. */
cx_err pki_csr_info_write(const struct pki_attribute *subject, size_t subject_count,
                          const struct pki_name *names, size_t name_count, struct cx_bytes spki,
                          struct cx_buf *out);
