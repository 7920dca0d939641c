/* TLS BR 2.2.6 §7.1.2.7.10: clientAuth is still allowed, but root programmes retire it: plan for serverAuth alone. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (lint_has_ext_key_usage(view, LINT_OID_CLIENT_AUTH))
        lint_found(out, "extensions.extKeyUsage", "names clientAuth");
}

const struct lint_rule lint_br_eku_client_auth = {
    .about = {.id = "br-eku-client-auth",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_NOTICE,
              .citation = "TLS BR 2.2.6 §7.1.2.7.10",
              .title = "clientAuth is still allowed, but root programmes retire it: plan for "
                       "serverAuth alone"},
    .kinds = LINT_TLS,
    .check = check,
};
