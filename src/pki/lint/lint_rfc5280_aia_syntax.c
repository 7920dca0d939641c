/* RFC 5280 §4.2.2.1: authorityInfoAccess is well formed. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->info_access.extension && !view->info_access.well_formed)
        lint_found(out, "extensions.authorityInfoAccess", "is malformed");
}

const struct lint_rule lint_rfc5280_aia_syntax = {
    .about = {.id = "rfc5280-aia-syntax",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.2.1",
              .title = "authorityInfoAccess is well formed"},
    .kinds = LINT_ANY,
    .check = check,
};
