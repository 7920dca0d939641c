/* TLS BR 2.2.6 §7.1.2.11.2: A root should have no CRL distribution points. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->crl_points.extension)
        lint_found(out, "extensions.cRLDistributionPoints", "is present");
}

const struct lint_rule lint_br_root_cdp = {
    .about = {.id = "br-root-cdp",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.11.2",
              .title = "A root should have no CRL distribution points"},
    .kinds = LINT_KIND(ROOT_CA),
    .check = check,
};
