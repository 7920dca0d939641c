/* RFC 3279 §2.3.1, RFC 8813 §3, RFC 8410 §5: keyUsage asks nothing of the key that its algorithm cannot do. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    uint32_t wrong = 0;
    if (view->key.kind == LINT_KEY_RSA)
        wrong = LINT_KU_KEY_AGREEMENT | LINT_KU_ENCIPHER_ONLY | LINT_KU_DECIPHER_ONLY;
    else if (view->key.kind == LINT_KEY_EC)
        wrong = LINT_KU_KEY_ENCIPHERMENT | LINT_KU_DATA_ENCIPHERMENT;
    else if (view->key.kind == LINT_KEY_ED25519)
        wrong = LINT_KU_KEY_ENCIPHERMENT | LINT_KU_DATA_ENCIPHERMENT | LINT_KU_KEY_AGREEMENT;
    if (view->usage & wrong)
        lint_found(out, "extensions.keyUsage", "has bits 0x%x, which this key cannot serve",
                   view->usage & wrong);
}

const struct lint_rule lint_rfc5280_ku_algorithm = {
    .about = {.id = "rfc5280-ku-algorithm",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 3279 §2.3.1, RFC 8813 §3, RFC 8410 §5",
              .title = "keyUsage asks nothing of the key that its algorithm cannot do"},
    .kinds = LINT_ANY,
    .check = check,
};
