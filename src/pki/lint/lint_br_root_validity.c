/* TLS BR 2.2.6 §7.1.2.1.1: A root is valid for 2922 to 9132 days. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    int64_t length_us =
        view->certificate->not_after_us - view->certificate->not_before_us + CX_US_PER_S;
    if (length_us < 2922 * CX_US_PER_DAY || length_us > 9132 * CX_US_PER_DAY)
        lint_found(out, "validity", "is %lld days long", (long long)(length_us / CX_US_PER_DAY));
}

const struct lint_rule lint_br_root_validity = {
    .about = {.id = "br-root-validity",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.1.1",
              .title = "A root is valid for 2922 to 9132 days"},
    .kinds = LINT_KIND(ROOT_CA),
    .check = check,
};
