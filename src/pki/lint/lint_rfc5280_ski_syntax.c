/* RFC 5280 §4.2.1.2: subjectKeyIdentifier is one non-empty OCTET STRING. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->ski.extension && !view->ski.well_formed)
        lint_found(out, "extensions.subjectKeyIdentifier", "is malformed");
}

const struct lint_rule lint_rfc5280_ski_syntax = {
    .about = {.id = "rfc5280-ski-syntax",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.2",
              .title = "subjectKeyIdentifier is one non-empty OCTET STRING"},
    .kinds = LINT_ANY,
    .check = check,
};
