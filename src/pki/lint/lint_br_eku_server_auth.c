/* TLS BR 2.2.6 §7.1.2.7.10: extKeyUsage is present with serverAuth. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!lint_has_ext_key_usage(view, LINT_OID_SERVER_AUTH))
        lint_found(out, "extensions.extKeyUsage", "lacks serverAuth");
}

const struct lint_rule lint_br_eku_server_auth = {
    .about = {.id = "br-eku-server-auth",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.10",
              .title = "extKeyUsage is present with serverAuth"},
    .kinds = LINT_TLS,
    .check = check,
};
