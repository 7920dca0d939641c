/* TLS BR 2.2.6 §7.1.2.8.3: authorityInfoAccess in a responder is not recommended. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->info_access.extension)
        lint_found(out, "extensions.authorityInfoAccess", "is present");
}

const struct lint_rule lint_br_ocsp_aia = {
    .about = {.id = "br-ocsp-aia",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.8.3",
              .title = "authorityInfoAccess in a responder is not recommended"},
    .kinds = LINT_KIND(OCSP_SIGNER),
    .check = check,
};
