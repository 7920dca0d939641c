/* TLS BR 2.2.6 §7.1.2.11.2: A distribution point is a fullName, without reasons and cRLIssuer. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader points = der_reader(view->crl_points.items);
    struct der_value point;
    while (lint_next(&points, &point)) {
        struct der_reader fields = der_reader(point.content);
        struct der_value field;
        while (lint_next(&fields, &field)) {
            bool full = field.tag == DER_CONTEXT_CONSTRUCTED(0) && field.content.len > 0 &&
                        field.content.ptr[0] == DER_CONTEXT_CONSTRUCTED(0);
            if (!full)
                lint_found(out, "extensions.cRLDistributionPoints",
                           "a point has more than a fullName");
        }
    }
}

const struct lint_rule lint_br_cdp_full_name_only = {
    .about = {.id = "br-cdp-full-name-only",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.11.2",
              .title = "A distribution point is a fullName, without reasons and cRLIssuer"},
    .kinds = LINT_ANY,
    .check = check,
};
