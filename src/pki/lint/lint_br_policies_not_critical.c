/* TLS BR 2.2.6 §7.1.2.7.6: certificatePolicies is not critical. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_extension *extension = lint_extension(view->certificate, LINT_OID_POLICIES);
    if (extension && extension->critical)
        lint_found(out, "extensions.certificatePolicies", "is critical");
}

const struct lint_rule lint_br_policies_not_critical = {
    .about = {.id = "br-policies-not-critical",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.6",
              .title = "certificatePolicies is not critical"},
    .kinds = LINT_ANY,
    .check = check,
};
