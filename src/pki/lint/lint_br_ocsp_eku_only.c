/* TLS BR 2.2.6 §7.1.2.8.5: A responder has OCSPSigning and no other purpose. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader purposes = der_reader(view->ext_key_usage.items);
    struct der_value purpose;
    while (lint_next(&purposes, &purpose)) {
        if (!cx_bytes_eq(purpose.content, LINT_OID_OCSP_SIGNING))
            lint_found(out, "extensions.extKeyUsage", "names another purpose");
    }
}

const struct lint_rule lint_br_ocsp_eku_only = {
    .about = {.id = "br-ocsp-eku-only",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.8.5",
              .title = "A responder has OCSPSigning and no other purpose"},
    .kinds = LINT_KIND(OCSP_SIGNER),
    .check = check,
};
