/* RFC 5280 §4.2.1.6: subjectAltName names at least one subject. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->san.well_formed && view->san.items.len == 0)
        lint_found(out, "extensions.subjectAltName", "is empty");
}

const struct lint_rule lint_rfc5280_san_not_empty = {
    .about = {.id = "rfc5280-san-not-empty",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.6",
              .title = "subjectAltName names at least one subject"},
    .kinds = LINT_ANY,
    .check = check,
};
