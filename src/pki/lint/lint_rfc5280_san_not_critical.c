/* RFC 5280 §4.2.1.6: With a subject, subjectAltName should not be critical. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->san.extension && view->san.extension->critical && view->subject_items.len > 0)
        lint_found(out, "extensions.subjectAltName", "is critical and the subject is not empty");
}

const struct lint_rule lint_rfc5280_san_not_critical = {
    .about = {.id = "rfc5280-san-not-critical",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_WARN,
              .citation = "RFC 5280 §4.2.1.6",
              .title = "With a subject, subjectAltName should not be critical"},
    .kinds = LINT_ANY,
    .check = check,
};
