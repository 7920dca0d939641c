/* RFC 5280 §4.2.1.12: extKeyUsage with anyExtendedKeyUsage should not be critical. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->ext_key_usage.extension && view->ext_key_usage.extension->critical &&
        lint_has_ext_key_usage(view, LINT_OID_ANY_EKU))
        lint_found(out, "extensions.extKeyUsage", "is critical and names anyExtendedKeyUsage");
}

const struct lint_rule lint_rfc5280_eku_any_not_critical = {
    .about = {.id = "rfc5280-eku-any-not-critical",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_WARN,
              .citation = "RFC 5280 §4.2.1.12",
              .title = "extKeyUsage with anyExtendedKeyUsage should not be critical"},
    .kinds = LINT_ANY,
    .check = check,
};
