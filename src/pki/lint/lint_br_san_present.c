/* TLS BR 2.2.6 §7.1.2.7.12: subjectAltName is present. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!view->san.extension)
        lint_found(out, "extensions.subjectAltName", "is absent");
}

const struct lint_rule lint_br_san_present = {
    .about = {.id = "br-san-present",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.12",
              .title = "subjectAltName is present"},
    .kinds = LINT_TLS,
    .check = check,
};
