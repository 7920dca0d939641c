/*
 * ACME Renewal Information (RFC 9773): when a certificate should be renewed, and orders that replace one.
 *
 * The window is the last third of the life of the certificate, up to its last tenth; a certificate that is revoked should be
 * renewed at once; and a window that an operator has set for many certificates (renewal_admin.c) is taken where it is earlier.
 */
#pragma once
#include "codec/json_write.h"
#include "core/issuance/certificate_store.h"
#include "core/issuance/request_store.h"
#include "core/protocol/acme/acme.h"

enum { ACME_CERTIFICATE_REF_MAX = 128, ACME_RENEWAL_POLL_S = 6 * 3600 };

/* RFC 9773 §4.1: base64url(key identifier) "." base64url(serial number). */
struct acme_certificate_ref {
    struct cx_bytes key_id, serial;
};
cx_err acme_certificate_ref_read(struct acme_call *call, struct cx_str text,
                                 struct acme_certificate_ref *ret_ref);

/* The same of a certificate of the directory's issuer, as a member of a JSON object. */
cx_err acme_certificate_ref_write(struct acme_call *call, struct json_writer *json, const char *key,
                                  struct cx_bytes serial);

/* The certificate that an order replaces. */
struct acme_predecessor {
    struct acme_certificate_ref ref;
    bool found;
    struct certificate_row certificate;
    struct cx_id account_id; /* whose order led to it; zero: none */
    struct cx_str names[PKI_NAMES_MAX];
    size_t name_count;
};
/* Inside a store closure. */
cx_err acme_predecessor_find(struct store_tx *tx, struct acme_call *call,
                             struct acme_predecessor *predecessor);
/* §5: of the same account, with a name in common, not replaced already. */
cx_err acme_predecessor_check(struct acme_call *call, const struct acme_predecessor *predecessor,
                              const struct cx_str *names, size_t count);
/* What a finalised order that replaces it is: renewal (same key) or replacement. alreadyReplaced when another one was
 * faster. */
cx_err acme_successor_kind(struct acme_call *call, struct cx_id certificate_id,
                           struct cx_bytes spki, enum request_kind *ret_kind);
