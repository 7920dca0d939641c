/* TLS BR 2.2.6 §7.1.2.7.11: An ECDSA key has digitalSignature, and besides at most keyAgreement. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    uint32_t allowed = LINT_KU_DIGITAL_SIGNATURE | LINT_KU_KEY_AGREEMENT;
    if (view->key.kind != LINT_KEY_EC || !view->key_usage.well_formed)
        return;
    if (!(view->usage & LINT_KU_DIGITAL_SIGNATURE))
        lint_found(out, "extensions.keyUsage", "lacks digitalSignature");
    if (view->usage & ~allowed)
        lint_found(out, "extensions.keyUsage", "has bits 0x%x", view->usage & ~allowed);
}

const struct lint_rule lint_br_ku_ec = {
    .about = {.id = "br-ku-ec",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.11",
              .title = "An ECDSA key has digitalSignature, and besides at most keyAgreement"},
    .kinds = LINT_TLS,
    .check = check,
};
