/* RFC 5280 §4.2.1.11: policyConstraints is not an empty sequence. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->policy_constraints.well_formed && view->policy_constraints.items.len == 0)
        lint_found(out, "extensions.policyConstraints", "is empty");
}

const struct lint_rule lint_rfc5280_pc_not_empty = {
    .about = {.id = "rfc5280-pc-not-empty",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.11",
              .title = "policyConstraints is not an empty sequence"},
    .kinds = LINT_ANY,
    .check = check,
};
