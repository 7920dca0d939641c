/*
 * Reading CRLs (RFC 5280 §5.1): views into the input. The signature is not verified here. Pure functions.
 */
#pragma once
#include "codec/der.h"

struct pki_crl_view {
    struct cx_bytes algorithm, issuer;
    cx_time this_update_us, next_update_us;
    bool has_next_update;
    struct der_reader revoked;    /* at the entries; at its end when there are none */
    struct der_reader extensions; /* at crlExtensions, if any */
};

/* CX_E_PARSE when der is not a CRL of version 1 or 2. */
cx_err pki_crl_view_parse(struct cx_bytes der, struct pki_crl_view *ret_view);
/* cRLNumber (§5.2.3). CX_E_NOTFOUND when there is none, CX_E_LIMIT when it is above 2^64 - 1. */
cx_err pki_crl_view_number(const struct pki_crl_view *view, uint64_t *ret_number);

/* The next extension of a list; *ret_value is the content of extnValue. */
cx_err pki_crl_extension_next(struct der_reader *list, struct cx_bytes *ret_oid,
                              struct cx_bytes *ret_value);
/* Enters crlExtensions; a reader at its end when there are none. */
cx_err pki_crl_extensions(const struct pki_crl_view *view, struct der_reader *ret_list);
