/* RFC 5280 §4.2.2.1: authorityInfoAccess describes at least one access. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->info_access.well_formed && view->info_access.items.len == 0)
        lint_found(out, "extensions.authorityInfoAccess", "is empty");
}

const struct lint_rule lint_rfc5280_aia_not_empty = {
    .about = {.id = "rfc5280-aia-not-empty",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.2.1",
              .title = "authorityInfoAccess describes at least one access"},
    .kinds = LINT_ANY,
    .check = check,
};
