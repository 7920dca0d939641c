/* RFC 5280 §4.2.1.3: keyUsage sets at least one bit. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->key_usage.well_formed && view->usage == 0)
        lint_found(out, "extensions.keyUsage", "sets no bit");
}

const struct lint_rule lint_rfc5280_ku_not_empty = {
    .about = {.id = "rfc5280-ku-not-empty",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.3",
              .title = "keyUsage sets at least one bit"},
    .kinds = LINT_ANY,
    .check = check,
};
