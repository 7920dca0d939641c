/* RFC 5280 §4.2.1.11: policyConstraints is critical. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_extension *extension =
        lint_extension(view->certificate, LINT_OID_POLICY_CONSTRAINTS);
    if (extension && !extension->critical)
        lint_found(out, "extensions.policyConstraints", "is not critical");
}

const struct lint_rule lint_rfc5280_pc_critical = {
    .about = {.id = "rfc5280-pc-critical",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.11",
              .title = "policyConstraints is critical"},
    .kinds = LINT_ANY,
    .check = check,
};
