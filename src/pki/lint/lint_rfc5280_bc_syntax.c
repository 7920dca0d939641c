/* RFC 5280 §4.2.1.9, X.690 §11.5: basicConstraints is well formed; cA FALSE is left out. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->basic_constraints.extension && !view->basic_constraints.well_formed)
        lint_found(out, "extensions.basicConstraints", "is malformed");
}

const struct lint_rule lint_rfc5280_bc_syntax = {
    .about = {.id = "rfc5280-bc-syntax",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.9, X.690 §11.5",
              .title = "basicConstraints is well formed; cA FALSE is left out"},
    .kinds = LINT_ANY,
    .check = check,
};
