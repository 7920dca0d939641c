/* RFC 5280 §4.2.1.1: authorityKeyIdentifier is well formed. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->aki.extension && !view->aki.well_formed)
        lint_found(out, "extensions.authorityKeyIdentifier", "is malformed");
}

const struct lint_rule lint_rfc5280_aki_syntax = {
    .about = {.id = "rfc5280-aki-syntax",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.1",
              .title = "authorityKeyIdentifier is well formed"},
    .kinds = LINT_ANY,
    .check = check,
};
