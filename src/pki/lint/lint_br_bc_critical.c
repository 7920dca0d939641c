/* TLS BR 2.2.6 §7.1.2.7.8: basicConstraints is critical. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_extension *extension =
        lint_extension(view->certificate, LINT_OID_BASIC_CONSTRAINTS);
    if (extension && !extension->critical)
        lint_found(out, "extensions.basicConstraints", "is not critical");
}

const struct lint_rule lint_br_bc_critical = {
    .about = {.id = "br-bc-critical",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.8",
              .title = "basicConstraints is critical"},
    .kinds = LINT_LEAF,
    .check = check,
};
