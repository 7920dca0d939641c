/* TLS BR 2.2.6 §7.1.2.7.9, §7.1.2.10.5: The reserved policy is the first one: some clients look no further. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader policies = der_reader(view->policies.items);
    struct der_value policy;
    struct cx_bytes id;
    size_t reserved = lint_reserved_policy_count(view);
    if (reserved > 0 && lint_next(&policies, &policy) && lint_item_oid(&policy, &id) &&
        !lint_policy_reserved(id))
        lint_found(out, "extensions.certificatePolicies", "begins with another policy");
}

const struct lint_rule lint_br_policies_first = {
    .about = {.id = "br-policies-first",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_NOTICE,
              .citation = "TLS BR 2.2.6 §7.1.2.7.9, §7.1.2.10.5",
              .title = "The reserved policy is the first one: some clients look no further"},
    .kinds = LINT_TLS | LINT_KIND(SUB_CA),
    .check = check,
};
