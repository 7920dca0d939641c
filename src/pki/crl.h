/*
 * Certificate revocation lists: version 2 with authorityKeyIdentifier, cRLNumber and, because a CRL covers one shard
 * only, a critical issuingDistributionPoint with the shard's URL. RFC 5280 §5. Pure functions.
 */
#pragma once
#include "pki/certificate.h"

/* CRLReason, RFC 5280 §5.3.1. removeFromCRL (8) belongs to delta CRLs, 7 is unused: both are refused. */
enum pki_reason {
    PKI_REASON_UNSPECIFIED = 0,
    PKI_REASON_KEY_COMPROMISE = 1,
    PKI_REASON_CA_COMPROMISE = 2,
    PKI_REASON_AFFILIATION_CHANGED = 3,
    PKI_REASON_SUPERSEDED = 4,
    PKI_REASON_CESSATION_OF_OPERATION = 5,
    PKI_REASON_CERTIFICATE_HOLD = 6,
    PKI_REASON_PRIVILEGE_WITHDRAWN = 9,
    PKI_REASON_AA_COMPROMISE = 10
};
bool pki_reason_valid(unsigned reason);

struct pki_revoked {
    uint8_t serial[PKI_SERIAL_MAX];
    uint8_t serial_len;
    uint8_t reason;
    cx_time revoked_us; /* written in whole seconds, rounded down */
};

struct pki_crl {
    const struct pki_issuer *issuer;
    uint32_t shard;
    uint64_t number; /* from 1 */
    cx_time this_update_us, next_update_us;
    const struct pki_revoked *entries;
    size_t entry_count;
};

/* TBSCertList. Sign it and close it with pki_certificate_write. CX_E_POLICY for a reason that is not valid, an update
 * time out of order, a shard that the issuer has not, or several shards without a status URL to tell them apart. */
cx_err pki_crl_tbs_write(const struct pki_crl *crl, struct cx_diag *diag, struct cx_buf *out);
