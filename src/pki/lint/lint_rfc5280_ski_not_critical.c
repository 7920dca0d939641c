/* RFC 5280 §4.2.1.2: subjectKeyIdentifier is not critical. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_extension *extension = lint_extension(view->certificate, LINT_OID_SKI);
    if (extension && extension->critical)
        lint_found(out, "extensions.subjectKeyIdentifier", "is critical");
}

const struct lint_rule lint_rfc5280_ski_not_critical = {
    .about = {.id = "rfc5280-ski-not-critical",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.2",
              .title = "subjectKeyIdentifier is not critical"},
    .kinds = LINT_ANY,
    .check = check,
};
