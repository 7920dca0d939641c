/* RFC 5280 §4.2.1.10: nameConstraints is well formed. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->name_constraints.extension && !view->name_constraints.well_formed)
        lint_found(out, "extensions.nameConstraints", "is malformed");
}

const struct lint_rule lint_rfc5280_nc_syntax = {
    .about = {.id = "rfc5280-nc-syntax",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.10",
              .title = "nameConstraints is well formed"},
    .kinds = LINT_ANY,
    .check = check,
};
