/* TLS BR 2.2.6 §7.1.2.8.3: The only access method of a responder is OCSP. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader descriptions = der_reader(view->info_access.items);
    struct cx_bytes method;
    struct der_value location;
    while (lint_next_access(&descriptions, &method, &location)) {
        if (!cx_bytes_eq(method, LINT_OID_AD_OCSP))
            lint_found(out, "extensions.authorityInfoAccess", "has another access method");
    }
}

const struct lint_rule lint_br_ocsp_aia_methods = {
    .about = {.id = "br-ocsp-aia-methods",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.8.3",
              .title = "The only access method of a responder is OCSP"},
    .kinds = LINT_KIND(OCSP_SIGNER),
    .check = check,
};
