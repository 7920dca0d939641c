/* TLS BR 2.2.6 §7.1.2.7.7: authorityInfoAccess should have caIssuers. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader descriptions = der_reader(view->info_access.items);
    struct cx_bytes method;
    struct der_value location;
    while (lint_next_access(&descriptions, &method, &location)) {
        if (cx_bytes_eq(method, LINT_OID_AD_CA_ISSUERS))
            return;
    }
    if (view->info_access.well_formed)
        lint_found(out, "extensions.authorityInfoAccess", "lacks caIssuers");
}

const struct lint_rule lint_br_aia_ca_issuers = {
    .about = {.id = "br-aia-ca-issuers",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.7.7",
              .title = "authorityInfoAccess should have caIssuers"},
    .kinds = LINT_TLS,
    .check = check,
};
