/* RFC 5280 §4.2.1.3: keyUsage is a BIT STRING of known bits without trailing zero bits. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->key_usage.extension && !view->key_usage.well_formed)
        lint_found(out, "extensions.keyUsage", "is malformed");
}

const struct lint_rule lint_rfc5280_ku_syntax = {
    .about = {.id = "rfc5280-ku-syntax",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.3",
              .title = "keyUsage is a BIT STRING of known bits without trailing zero bits"},
    .kinds = LINT_ANY,
    .check = check,
};
