/* RFC 5280 §4.2.2.1: authorityInfoAccess is not critical. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_extension *extension = lint_extension(view->certificate, LINT_OID_INFO_ACCESS);
    if (extension && extension->critical)
        lint_found(out, "extensions.authorityInfoAccess", "is critical");
}

const struct lint_rule lint_rfc5280_aia_not_critical = {
    .about = {.id = "rfc5280-aia-not-critical",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.2.1",
              .title = "authorityInfoAccess is not critical"},
    .kinds = LINT_ANY,
    .check = check,
};
