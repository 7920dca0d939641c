/* TLS BR 2.2.6 §7.1.2.8.7: keyUsage of a responder is digitalSignature alone. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!view->key_usage.extension)
        lint_found(out, "extensions.keyUsage", "is absent");
    else if (view->key_usage.well_formed && view->usage != LINT_KU_DIGITAL_SIGNATURE)
        lint_found(out, "extensions.keyUsage", "has bits 0x%x", view->usage);
}

const struct lint_rule lint_br_ocsp_key_usage = {
    .about = {.id = "br-ocsp-key-usage",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.8.7",
              .title = "keyUsage of a responder is digitalSignature alone"},
    .kinds = LINT_KIND(OCSP_SIGNER),
    .check = check,
};
