/* RFC 5280 §4.2.1.13: cRLDistributionPoints names at least one point. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->crl_points.well_formed && view->crl_points.items.len == 0)
        lint_found(out, "extensions.cRLDistributionPoints", "is empty");
}

const struct lint_rule lint_rfc5280_cdp_not_empty = {
    .about = {.id = "rfc5280-cdp-not-empty",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.13",
              .title = "cRLDistributionPoints names at least one point"},
    .kinds = LINT_ANY,
    .check = check,
};
