/* RFC 5280 §4.1.2.6: The subject of a CA is a non-empty distinguished name. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->subject_well_formed && view->subject_items.len == 0)
        lint_found(out, "subject", "is empty");
}

const struct lint_rule lint_rfc5280_subject_ca_not_empty = {
    .about = {.id = "rfc5280-subject-ca-not-empty",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.1.2.6",
              .title = "The subject of a CA is a non-empty distinguished name"},
    .kinds = LINT_CA,
    .check = check,
};
