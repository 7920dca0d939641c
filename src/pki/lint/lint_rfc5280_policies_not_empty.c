/* RFC 5280 §4.2.1.4: certificatePolicies names at least one policy. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->policies.well_formed && view->policies.items.len == 0)
        lint_found(out, "extensions.certificatePolicies", "is empty");
}

const struct lint_rule lint_rfc5280_policies_not_empty = {
    .about = {.id = "rfc5280-policies-not-empty",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.4",
              .title = "certificatePolicies names at least one policy"},
    .kinds = LINT_ANY,
    .check = check,
};
