/* TLS BR 2.2.6 §7.1.3.1: The key is RSA or ECDSA. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->key.kind != LINT_KEY_RSA && view->key.kind != LINT_KEY_EC)
        lint_found(out, "subjectPublicKeyInfo.algorithm", "is neither RSA nor EC");
}

const struct lint_rule lint_br_key_algorithm = {
    .about = {.id = "br-key-algorithm",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.3.1",
              .title = "The key is RSA or ECDSA"},
    .kinds = LINT_ANY,
    .check = check,
};
