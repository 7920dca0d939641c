/* TLS BR 2.2.6 §7.1.2.7.6, §7.1.2.6: extKeyUsage is not critical. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_extension *extension =
        lint_extension(view->certificate, LINT_OID_EXT_KEY_USAGE);
    if (extension && extension->critical)
        lint_found(out, "extensions.extKeyUsage", "is critical");
}

const struct lint_rule lint_br_eku_not_critical = {
    .about = {.id = "br-eku-not-critical",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.6, §7.1.2.6",
              .title = "extKeyUsage is not critical"},
    .kinds = LINT_TLS | LINT_KIND(SUB_CA),
    .check = check,
};
