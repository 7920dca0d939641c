/* RFC 5280 §4.2.1.9: An end-entity certificate is not a CA. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->is_ca)
        lint_found(out, "extensions.basicConstraints", "says cA");
}

const struct lint_rule lint_rfc5280_bc_leaf_not_ca = {
    .about = {.id = "rfc5280-bc-leaf-not-ca",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.9",
              .title = "An end-entity certificate is not a CA"},
    .kinds = LINT_LEAF,
    .check = check,
};
