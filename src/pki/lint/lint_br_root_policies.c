/* TLS BR 2.2.6 §7.1.2.1.2: certificatePolicies in a root is not recommended. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->policies.extension)
        lint_found(out, "extensions.certificatePolicies", "is present");
}

const struct lint_rule lint_br_root_policies = {
    .about = {.id = "br-root-policies",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.1.2",
              .title = "certificatePolicies in a root is not recommended"},
    .kinds = LINT_KIND(ROOT_CA),
    .check = check,
};
