/* RFC 5280 §4.1.2.7: The subject public key is well formed for its algorithm. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!view->key.well_formed)
        lint_found(out, "subjectPublicKeyInfo", "is malformed");
}

const struct lint_rule lint_rfc5280_spki_syntax = {
    .about = {.id = "rfc5280-spki-syntax",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.1.2.7",
              .title = "The subject public key is well formed for its algorithm"},
    .kinds = LINT_ANY,
    .check = check,
};
