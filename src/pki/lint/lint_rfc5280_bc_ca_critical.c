/* RFC 5280 §4.2.1.9: basicConstraints of a CA is critical. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_extension *extension =
        lint_extension(view->certificate, LINT_OID_BASIC_CONSTRAINTS);
    if (extension && !extension->critical)
        lint_found(out, "extensions.basicConstraints", "is not critical");
}

const struct lint_rule lint_rfc5280_bc_ca_critical = {
    .about = {.id = "rfc5280-bc-ca-critical",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.9",
              .title = "basicConstraints of a CA is critical"},
    .kinds = LINT_CA,
    .check = check,
};
