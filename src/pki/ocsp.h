/*
 * OCSP, RFC 6960 with the profile of RFC 5019 and the nonce of RFC 8954. A strict request parser and a response builder:
 * BasicOCSPResponse, responder named by key, the delegated responder's certificate inside. Pure functions.
 */
#pragma once
#include "pki/certificate.h"

enum {
    PKI_OCSP_REQUEST_MAX = 4096,
    PKI_OCSP_RESPONSE_MAX = 32768,
    PKI_OCSP_ITEMS_MAX = 16,
    PKI_OCSP_NONCE_MAX = 32,       /* longer ones are not repeated */
    PKI_OCSP_NONCE_READ_MAX = 128, /* RFC 9654 */
    PKI_OCSP_SERIAL_MAX = 64,      /* of a question; longer than any certificate may have */
};

enum pki_ocsp_hash { PKI_OCSP_SHA1, PKI_OCSP_SHA256, PKI_OCSP_HASH_OTHER };

/* CertID: which certificate is asked about. Borrowed views. */
struct pki_ocsp_id {
    enum pki_ocsp_hash hash; /* OTHER: not computable here, answer "unauthorized" */
    struct cx_bytes name_hash, key_hash;
    struct cx_bytes serial; /* content octets of the INTEGER */
};

struct pki_ocsp_request {
    struct pki_ocsp_id items[PKI_OCSP_ITEMS_MAX];
    size_t item_count;
    struct cx_bytes nonce; /* empty = none */
};

/* Malformed or with a critical extension that is not known: CX_E_PARSE, answer "malformedRequest". A signature
 * on the request is allowed and not looked at (RFC 6960 §4.1.2: optional). */
cx_err pki_ocsp_request_parse(struct cx_bytes der, struct cx_diag *diag,
                              struct pki_ocsp_request *ret_request);

/* The hashes by which clients name an issuer; OTHER is CX_E_USAGE. len is 20 or 32. */
struct pki_ocsp_issuer {
    uint8_t name_hash[32], key_hash[32];
    size_t len;
};
cx_err pki_ocsp_issuer_hash(const struct pki_issuer *issuer, enum pki_ocsp_hash hash,
                            struct pki_ocsp_issuer *ret_issuer);

enum pki_ocsp_status { PKI_OCSP_GOOD, PKI_OCSP_REVOKED, PKI_OCSP_UNKNOWN };
struct pki_ocsp_single {
    struct pki_ocsp_id id;
    enum pki_ocsp_status status;
    cx_time revoked_us;
    uint8_t reason; /* 0 = left out */
    cx_time this_update_us, next_update_us;
};

struct pki_ocsp_response {
    struct cx_bytes responder_spki;
    cx_time produced_us;
    const struct pki_ocsp_single *singles;
    size_t single_count;
    struct cx_bytes nonce; /* the request's, echoed; empty = none */
};

/* ResponseData: what the responder signs. Times are written in whole seconds, rounded down. */
cx_err pki_ocsp_data_write(const struct pki_ocsp_response *response, struct cx_buf *out);
/* The complete OCSPResponse. certificate is the delegated responder's; empty when the issuer itself signs. */
cx_err pki_ocsp_response_write(struct cx_bytes data, enum pki_key_type responder_key,
                               struct cx_bytes signature, struct cx_bytes certificate,
                               struct cx_buf *out);

/* Unsigned error answers, RFC 6960 §4.2.1. */
enum pki_ocsp_error {
    PKI_OCSP_MALFORMED_REQUEST = 1,
    PKI_OCSP_INTERNAL_ERROR = 2,
    PKI_OCSP_TRY_LATER = 3,
    PKI_OCSP_UNAUTHORIZED = 6
};
cx_err pki_ocsp_error_write(enum pki_ocsp_error error, struct cx_buf *out);
