/* RFC 5280 §4.2.1.7: issuerAltName should not be critical. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_extension *extension =
        lint_extension(view->certificate, LINT_OID_ISSUER_ALT_NAME);
    if (extension && extension->critical)
        lint_found(out, "extensions.issuerAltName", "is critical");
}

const struct lint_rule lint_rfc5280_ian_not_critical = {
    .about = {.id = "rfc5280-ian-not-critical",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_WARN,
              .citation = "RFC 5280 §4.2.1.7",
              .title = "issuerAltName should not be critical"},
    .kinds = LINT_ANY,
    .check = check,
};
