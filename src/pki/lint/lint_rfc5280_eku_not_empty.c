/* RFC 5280 §4.2.1.12: extKeyUsage names at least one purpose. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->ext_key_usage.well_formed && view->ext_key_usage.items.len == 0)
        lint_found(out, "extensions.extKeyUsage", "is empty");
}

const struct lint_rule lint_rfc5280_eku_not_empty = {
    .about = {.id = "rfc5280-eku-not-empty",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.12",
              .title = "extKeyUsage names at least one purpose"},
    .kinds = LINT_ANY,
    .check = check,
};
