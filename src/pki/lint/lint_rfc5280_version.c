/* RFC 5280 §4.1.2.1: A certificate with extensions is version 3. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->certificate->extension_count > 0 && view->certificate->version != 3)
        lint_found(out, "version", "is %d", view->certificate->version);
}

const struct lint_rule lint_rfc5280_version = {
    .about = {.id = "rfc5280-version",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.1.2.1",
              .title = "A certificate with extensions is version 3"},
    .kinds = LINT_ANY,
    .check = check,
};
