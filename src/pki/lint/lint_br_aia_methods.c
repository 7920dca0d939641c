/* TLS BR 2.2.6 §7.1.2.7.7, §7.1.2.10.3: Access methods are OCSP and caIssuers. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader descriptions = der_reader(view->info_access.items);
    struct cx_bytes method;
    struct der_value location;
    while (lint_next_access(&descriptions, &method, &location)) {
        if (!cx_bytes_eq(method, LINT_OID_AD_OCSP) && !cx_bytes_eq(method, LINT_OID_AD_CA_ISSUERS))
            lint_found(out, "extensions.authorityInfoAccess", "has another access method");
    }
}

const struct lint_rule lint_br_aia_methods = {
    .about = {.id = "br-aia-methods",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.7, §7.1.2.10.3",
              .title = "Access methods are OCSP and caIssuers"},
    .kinds = LINT_ANY,
    .check = check,
};
