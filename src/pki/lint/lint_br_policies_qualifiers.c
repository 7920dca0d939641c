/* TLS BR 2.2.6 §7.1.2.7.9, §7.1.2.10.5: policyQualifiers are not recommended. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader policies = der_reader(view->policies.items);
    struct der_value policy;
    while (lint_next(&policies, &policy)) {
        if (lint_policy_qualifiers(&policy).len > 0)
            lint_found(out, "extensions.certificatePolicies", "has policyQualifiers");
    }
}

const struct lint_rule lint_br_policies_qualifiers = {
    .about = {.id = "br-policies-qualifiers",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.7.9, §7.1.2.10.5",
              .title = "policyQualifiers are not recommended"},
    .kinds = LINT_PROFILED,
    .check = check,
};
