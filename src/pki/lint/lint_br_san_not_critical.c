/* TLS BR 2.2.6 §7.1.2.7.12: With a subject, subjectAltName is not critical. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->san.extension && view->san.extension->critical && view->subject_items.len > 0)
        lint_found(out, "extensions.subjectAltName", "is critical and the subject is not empty");
}

const struct lint_rule lint_br_san_not_critical = {
    .about = {.id = "br-san-not-critical",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.12",
              .title = "With a subject, subjectAltName is not critical"},
    .kinds = LINT_TLS,
    .check = check,
};
