/* RFC 5280 §4.2.1.6: With an empty subject, subjectAltName is present and critical. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!view->subject_well_formed || view->subject_items.len > 0)
        return;
    if (!view->san.extension)
        lint_found(out, "extensions.subjectAltName", "is absent and the subject is empty");
    else if (!view->san.extension->critical)
        lint_found(out, "extensions.subjectAltName", "is not critical and the subject is empty");
}

const struct lint_rule lint_rfc5280_subject_empty_san_critical = {
    .about = {.id = "rfc5280-subject-empty-san-critical",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.6",
              .title = "With an empty subject, subjectAltName is present and critical"},
    .kinds = LINT_ANY,
    .check = check,
};
