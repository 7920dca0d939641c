/* RFC 5280 §4.2.1.14: inhibitAnyPolicy is critical. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_extension *extension = lint_extension(view->certificate, LINT_OID_INHIBIT_ANY);
    if (extension && !extension->critical)
        lint_found(out, "extensions.inhibitAnyPolicy", "is not critical");
}

const struct lint_rule lint_rfc5280_inhibit_any_critical = {
    .about = {.id = "rfc5280-inhibit-any-critical",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.14",
              .title = "inhibitAnyPolicy is critical"},
    .kinds = LINT_ANY,
    .check = check,
};
