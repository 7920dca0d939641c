/* RFC 5280 §4.2.1.4: No policy is named twice. */
#include "pki/lint/rule.h"
#include "pki/lint/text.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    lint_check_repeated(view->policies.items, "extensions.certificatePolicies", out);
}

const struct lint_rule lint_rfc5280_policies_duplicate = {
    .about = {.id = "rfc5280-policies-duplicate",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.4",
              .title = "No policy is named twice"},
    .kinds = LINT_ANY,
    .check = check,
};
