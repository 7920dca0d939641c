/* RFC 5280 §4.1.2.4: Issuer and subject are sequences of non-empty sets of type and value. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!view->issuer_well_formed)
        lint_found(out, "issuer", "is malformed");
    if (!view->subject_well_formed)
        lint_found(out, "subject", "is malformed");
}

const struct lint_rule lint_rfc5280_name_syntax = {
    .about = {.id = "rfc5280-name-syntax",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.1.2.4",
              .title = "Issuer and subject are sequences of non-empty sets of type and value"},
    .kinds = LINT_ANY,
    .check = check,
};
