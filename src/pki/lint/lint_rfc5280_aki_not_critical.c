/* RFC 5280 §4.2.1.1: authorityKeyIdentifier is not critical. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_extension *extension = lint_extension(view->certificate, LINT_OID_AKI);
    if (extension && extension->critical)
        lint_found(out, "extensions.authorityKeyIdentifier", "is critical");
}

const struct lint_rule lint_rfc5280_aki_not_critical = {
    .about = {.id = "rfc5280-aki-not-critical",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.1",
              .title = "authorityKeyIdentifier is not critical"},
    .kinds = LINT_ANY,
    .check = check,
};
