/* RFC 5280 §4.2.1.4: certificatePolicies is well formed. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->policies.extension && !view->policies.well_formed)
        lint_found(out, "extensions.certificatePolicies", "is malformed");
}

const struct lint_rule lint_rfc5280_policies_syntax = {
    .about = {.id = "rfc5280-policies-syntax",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.4",
              .title = "certificatePolicies is well formed"},
    .kinds = LINT_ANY,
    .check = check,
};
