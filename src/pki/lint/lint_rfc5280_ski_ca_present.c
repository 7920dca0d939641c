/* RFC 5280 §4.2.1.2: A CA has subjectKeyIdentifier. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!view->ski.extension)
        lint_found(out, "extensions.subjectKeyIdentifier", "is absent");
}

const struct lint_rule lint_rfc5280_ski_ca_present = {
    .about = {.id = "rfc5280-ski-ca-present",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.2",
              .title = "A CA has subjectKeyIdentifier"},
    .kinds = LINT_CA,
    .check = check,
};
