/* TLS BR 2.2.6 §7.1.2.8.2: A responder should have subjectKeyIdentifier. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!view->ski.extension)
        lint_found(out, "extensions.subjectKeyIdentifier", "is absent");
}

const struct lint_rule lint_br_ocsp_ski = {
    .about = {.id = "br-ocsp-ski",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.8.2",
              .title = "A responder should have subjectKeyIdentifier"},
    .kinds = LINT_KIND(OCSP_SIGNER),
    .check = check,
};
