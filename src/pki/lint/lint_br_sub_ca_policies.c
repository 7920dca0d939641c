/* TLS BR 2.2.6 §7.1.2.10.5: A subordinate CA has certificatePolicies. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!view->policies.extension)
        lint_found(out, "extensions.certificatePolicies", "is absent");
}

const struct lint_rule lint_br_sub_ca_policies = {
    .about = {.id = "br-sub-ca-policies",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.10.5",
              .title = "A subordinate CA has certificatePolicies"},
    .kinds = LINT_KIND(SUB_CA),
    .check = check,
};
