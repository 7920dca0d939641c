/* RFC 5280 §6.1.3 (a)(2): A certificate does not outlive its issuer: its path would not validate. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_certificate *issuer = view->context->issuer;
    if (issuer && view->certificate->not_after_us > issuer->not_after_us)
        lint_found(out, "validity.notAfter", "is later than the issuer's");
}

const struct lint_rule lint_rfc5280_validity_within_issuer = {
    .about = {.id = "rfc5280-validity-within-issuer",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_WARN,
              .citation = "RFC 5280 §6.1.3 (a)(2)",
              .title = "A certificate does not outlive its issuer: its path would not validate"},
    .kinds = LINT_ANY,
    .check = check,
};
