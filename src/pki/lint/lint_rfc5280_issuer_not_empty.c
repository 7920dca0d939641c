/* RFC 5280 §4.1.2.4: The issuer is a non-empty distinguished name. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->issuer_well_formed && view->issuer_items.len == 0)
        lint_found(out, "issuer", "is empty");
}

const struct lint_rule lint_rfc5280_issuer_not_empty = {
    .about = {.id = "rfc5280-issuer-not-empty",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.1.2.4",
              .title = "The issuer is a non-empty distinguished name"},
    .kinds = LINT_ANY,
    .check = check,
};
