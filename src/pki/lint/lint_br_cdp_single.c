/* TLS BR 2.2.6 §7.1.2.11.2: More than one distribution point is not recommended. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader points = der_reader(view->crl_points.items);
    struct der_value point;
    if (lint_next(&points, &point) && !der_at_end(&points))
        lint_found(out, "extensions.cRLDistributionPoints", "has several points");
}

const struct lint_rule lint_br_cdp_single = {
    .about = {.id = "br-cdp-single",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.11.2",
              .title = "More than one distribution point is not recommended"},
    .kinds = LINT_PROFILED,
    .check = check,
};
