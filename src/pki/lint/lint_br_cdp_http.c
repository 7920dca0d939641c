/* TLS BR 2.2.6 §7.1.2.11.2: CRL distribution points are http URLs. */
#include "pki/lint/rule.h"
#include "pki/lint/text.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader points = der_reader(view->crl_points.items);
    struct der_reader names = der_reader(CX_BYTES_NONE);
    struct cx_bytes uri;
    while (lint_next_crl_uri(&points, &names, &uri)) {
        if (!lint_uri_is_http(uri))
            lint_found(out, "extensions.cRLDistributionPoints", "\"%s\" is not http",
                       lint_show(uri).text);
    }
}

const struct lint_rule lint_br_cdp_http = {
    .about = {.id = "br-cdp-http",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.11.2",
              .title = "CRL distribution points are http URLs"},
    .kinds = LINT_ANY,
    .check = check,
};
