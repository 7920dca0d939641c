/* TLS BR 2.2.6 §7.1.2.7.11: An RSA key should have digitalSignature. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->key.kind == LINT_KEY_RSA && view->key_usage.well_formed &&
        !(view->usage & LINT_KU_DIGITAL_SIGNATURE))
        lint_found(out, "extensions.keyUsage", "lacks digitalSignature");
}

const struct lint_rule lint_br_ku_rsa_digital_signature = {
    .about = {.id = "br-ku-rsa-digital-signature",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.7.11",
              .title = "An RSA key should have digitalSignature"},
    .kinds = LINT_TLS,
    .check = check,
};
