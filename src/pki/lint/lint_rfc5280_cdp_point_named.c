/* RFC 5280 §4.2.1.13: A distribution point has a name or a cRLIssuer, not reasons alone. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader points = der_reader(view->crl_points.items);
    struct der_value point;
    while (lint_next(&points, &point)) {
        struct der_reader fields = der_reader(point.content);
        struct der_value field;
        bool named = false;
        while (lint_next(&fields, &field))
            named = named || field.tag == DER_CONTEXT_CONSTRUCTED(0) ||
                    field.tag == DER_CONTEXT_CONSTRUCTED(2);
        if (!named)
            lint_found(out, "extensions.cRLDistributionPoints",
                       "a point has neither name nor issuer");
    }
}

const struct lint_rule lint_rfc5280_cdp_point_named = {
    .about = {.id = "rfc5280-cdp-point-named",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.13",
              .title = "A distribution point has a name or a cRLIssuer, not reasons alone"},
    .kinds = LINT_ANY,
    .check = check,
};
