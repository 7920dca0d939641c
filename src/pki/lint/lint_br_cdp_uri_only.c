/* TLS BR 2.2.6 §7.1.2.11.2: The names of a distribution point are URIs. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader points = der_reader(view->crl_points.items);
    struct der_reader point;
    while (!der_at_end(&points) && cx_is_ok(der_enter(&points, DER_SEQUENCE, &point))) {
        struct der_reader names;
        struct der_value name;
        if (!lint_full_name(point, &names))
            continue;
        while (lint_next(&names, &name)) {
            if (name.tag != LINT_GN_URI)
                lint_found(out, "extensions.cRLDistributionPoints", "has a name with tag 0x%02x",
                           name.tag);
        }
    }
}

const struct lint_rule lint_br_cdp_uri_only = {
    .about = {.id = "br-cdp-uri-only",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.11.2",
              .title = "The names of a distribution point are URIs"},
    .kinds = LINT_PROFILED,
    .check = check,
};
