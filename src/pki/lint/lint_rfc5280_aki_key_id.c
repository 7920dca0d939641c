/* RFC 5280 §4.2.1.1: authorityKeyIdentifier carries the keyIdentifier. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->aki.well_formed && view->authority_key_id.len == 0)
        lint_found(out, "extensions.authorityKeyIdentifier", "has no keyIdentifier");
}

const struct lint_rule lint_rfc5280_aki_key_id = {
    .about = {.id = "rfc5280-aki-key-id",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.1",
              .title = "authorityKeyIdentifier carries the keyIdentifier"},
    .kinds = LINT_ANY,
    .check = check,
};
