/* TLS BR 2.2.6 §7.1.2.11.2: A subordinate CA has CRL distribution points. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!view->crl_points.extension)
        lint_found(out, "extensions.cRLDistributionPoints", "is absent");
}

const struct lint_rule lint_br_sub_ca_cdp = {
    .about = {.id = "br-sub-ca-cdp",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.11.2",
              .title = "A subordinate CA has CRL distribution points"},
    .kinds = LINT_KIND(SUB_CA),
    .check = check,
};
