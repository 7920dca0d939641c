/* TLS BR 2.2.6 §7.1.2.7.9: certificatePolicies names exactly one reserved policy of the CA/Browser Forum. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    size_t count = lint_reserved_policy_count(view);
    if (count != 1)
        lint_found(out, "extensions.certificatePolicies", "names %zu reserved policies", count);
}

const struct lint_rule lint_br_policies_reserved = {
    .about = {.id = "br-policies-reserved",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.9",
              .title =
                  "certificatePolicies names exactly one reserved policy of the CA/Browser Forum"},
    .kinds = LINT_TLS,
    .check = check,
};
