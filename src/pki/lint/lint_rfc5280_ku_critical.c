/* RFC 5280 §4.2.1.3: keyUsage should be critical. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_extension *extension = lint_extension(view->certificate, LINT_OID_KEY_USAGE);
    if (extension && !extension->critical)
        lint_found(out, "extensions.keyUsage", "is not critical");
}

const struct lint_rule lint_rfc5280_ku_critical = {
    .about = {.id = "rfc5280-ku-critical",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_WARN,
              .citation = "RFC 5280 §4.2.1.3",
              .title = "keyUsage should be critical"},
    .kinds = LINT_ANY,
    .check = check,
};
