/* TLS BR 2.2.6 §7.1.2.7.11: An RSA key has digitalSignature, keyEncipherment or dataEncipherment only. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    uint32_t allowed =
        LINT_KU_DIGITAL_SIGNATURE | LINT_KU_KEY_ENCIPHERMENT | LINT_KU_DATA_ENCIPHERMENT;
    if (view->key.kind == LINT_KEY_RSA && (view->usage & ~allowed))
        lint_found(out, "extensions.keyUsage", "has bits 0x%x", view->usage & ~allowed);
}

const struct lint_rule lint_br_ku_rsa = {
    .about = {.id = "br-ku-rsa",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.11",
              .title = "An RSA key has digitalSignature, keyEncipherment or dataEncipherment only"},
    .kinds = LINT_TLS,
    .check = check,
};
