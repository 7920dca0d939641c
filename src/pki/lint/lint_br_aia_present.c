/* TLS BR 2.2.6 §7.1.2.7.7: authorityInfoAccess is present. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!view->info_access.extension)
        lint_found(out, "extensions.authorityInfoAccess", "is absent");
}

const struct lint_rule lint_br_aia_present = {
    .about = {.id = "br-aia-present",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.7",
              .title = "authorityInfoAccess is present"},
    .kinds = LINT_TLS,
    .check = check,
};
