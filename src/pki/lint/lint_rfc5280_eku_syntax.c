/* RFC 5280 §4.2.1.12: extKeyUsage is a sequence of object identifiers. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->ext_key_usage.extension && !view->ext_key_usage.well_formed)
        lint_found(out, "extensions.extKeyUsage", "is malformed");
}

const struct lint_rule lint_rfc5280_eku_syntax = {
    .about = {.id = "rfc5280-eku-syntax",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.12",
              .title = "extKeyUsage is a sequence of object identifiers"},
    .kinds = LINT_ANY,
    .check = check,
};
