/* TLS BR 2.2.6 §7.1.2.7.9: anyPolicy is absent. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (lint_has_policy(view, LINT_OID_ANY_POLICY))
        lint_found(out, "extensions.certificatePolicies", "names anyPolicy");
}

const struct lint_rule lint_br_policies_any = {
    .about = {.id = "br-policies-any",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.9",
              .title = "anyPolicy is absent"},
    .kinds = LINT_TLS,
    .check = check,
};
