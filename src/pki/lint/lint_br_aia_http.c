/* TLS BR 2.2.6 §7.1.2.7.7, §7.1.2.10.3: Access locations are http URLs. */
#include "pki/lint/rule.h"
#include "pki/lint/text.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader descriptions = der_reader(view->info_access.items);
    struct cx_bytes method;
    struct der_value location;
    while (lint_next_access(&descriptions, &method, &location)) {
        if (location.tag != LINT_GN_URI || !lint_uri_is_http(location.content))
            lint_found(out, "extensions.authorityInfoAccess", "\"%s\" is not http",
                       lint_show(location.content).text);
    }
}

const struct lint_rule lint_br_aia_http = {
    .about = {.id = "br-aia-http",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.7, §7.1.2.10.3",
              .title = "Access locations are http URLs"},
    .kinds = LINT_ANY,
    .check = check,
};
