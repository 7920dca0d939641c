/* RFC 5280 §4.2.1.13: cRLDistributionPoints is well formed. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->crl_points.extension && !view->crl_points.well_formed)
        lint_found(out, "extensions.cRLDistributionPoints", "is malformed");
}

const struct lint_rule lint_rfc5280_cdp_syntax = {
    .about = {.id = "rfc5280-cdp-syntax",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.13",
              .title = "cRLDistributionPoints is well formed"},
    .kinds = LINT_ANY,
    .check = check,
};
