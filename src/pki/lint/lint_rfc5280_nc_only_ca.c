/* RFC 5280 §4.2.1.10: nameConstraints stands only in CA certificates. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->name_constraints.extension)
        lint_found(out, "extensions.nameConstraints", "is present");
}

const struct lint_rule lint_rfc5280_nc_only_ca = {
    .about = {.id = "rfc5280-nc-only-ca",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.10",
              .title = "nameConstraints stands only in CA certificates"},
    .kinds = LINT_LEAF,
    .check = check,
};
