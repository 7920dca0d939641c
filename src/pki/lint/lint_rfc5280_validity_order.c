/* RFC 5280 §4.1.2.5: notBefore is not after notAfter. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->certificate->not_before_us > view->certificate->not_after_us)
        lint_found(out, "validity", "ends before it begins");
}

const struct lint_rule lint_rfc5280_validity_order = {
    .about = {.id = "rfc5280-validity-order",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.1.2.5",
              .title = "notBefore is not after notAfter"},
    .kinds = LINT_ANY,
    .check = check,
};
