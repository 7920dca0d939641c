/* RFC 5280 §4.2: No extension that validators do not know is critical: they would refuse the certificate. */
#include "pki/lint/rule.h"
#include "pki/lint/text.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    for (size_t i = 0; i < view->certificate->extension_count; i++) {
        const struct pki_extension *extension = &view->certificate->extensions[i];
        if (!extension->critical || lint_extension_known(extension->oid))
            continue;
        char oid[DER_OID_TEXT_MAX];
        bool readable = cx_is_ok(der_oid_to_text(extension->oid, oid));
        lint_found(out, "extensions", "%.64s is critical and not widely known",
                   readable ? oid : "an extension");
    }
}

const struct lint_rule lint_rfc5280_extension_unknown_critical = {
    .about = {.id = "rfc5280-extension-unknown-critical",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_WARN,
              .citation = "RFC 5280 §4.2",
              .title = "No extension that validators do not know is critical: they would refuse "
                       "the certificate"},
    .kinds = LINT_ANY,
    .check = check,
};
