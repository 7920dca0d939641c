/* RFC 5280 §4.1.2.8: issuerUniqueID and subjectUniqueID are absent. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->has_unique_ids)
        lint_found(out, "tbsCertificate", "has a unique identifier");
}

const struct lint_rule lint_rfc5280_unique_ids = {
    .about = {.id = "rfc5280-unique-ids",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.1.2.8",
              .title = "issuerUniqueID and subjectUniqueID are absent"},
    .kinds = LINT_ANY,
    .check = check,
};
