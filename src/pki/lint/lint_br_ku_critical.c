/* TLS BR 2.2.6 §7.1.2.7.6, §7.1.2.10.7: keyUsage is critical. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_extension *extension = lint_extension(view->certificate, LINT_OID_KEY_USAGE);
    if (extension && !extension->critical)
        lint_found(out, "extensions.keyUsage", "is not critical");
}

const struct lint_rule lint_br_ku_critical = {
    .about = {.id = "br-ku-critical",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.6, §7.1.2.10.7",
              .title = "keyUsage is critical"},
    .kinds = LINT_ANY,
    .check = check,
};
