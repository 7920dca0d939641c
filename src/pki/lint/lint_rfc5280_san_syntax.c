/* RFC 5280 §4.2.1.6: subjectAltName is well formed. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->san.extension && !view->san.well_formed)
        lint_found(out, "extensions.subjectAltName", "is malformed");
}

const struct lint_rule lint_rfc5280_san_syntax = {
    .about = {.id = "rfc5280-san-syntax",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.6",
              .title = "subjectAltName is well formed"},
    .kinds = LINT_ANY,
    .check = check,
};
