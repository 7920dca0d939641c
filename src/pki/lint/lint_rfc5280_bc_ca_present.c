/* RFC 5280 §4.2.1.9: A CA has basicConstraints with cA. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!view->basic_constraints.extension)
        lint_found(out, "extensions.basicConstraints", "is absent");
    else if (view->basic_constraints.well_formed && !view->is_ca)
        lint_found(out, "extensions.basicConstraints", "does not say cA");
}

const struct lint_rule lint_rfc5280_bc_ca_present = {
    .about = {.id = "rfc5280-bc-ca-present",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.9",
              .title = "A CA has basicConstraints with cA"},
    .kinds = LINT_CA,
    .check = check,
};
