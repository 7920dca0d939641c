/* TLS BR 2.2.6 §6.1.5: An RSA modulus has at least 2048 bits, in whole octets. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->key.kind == LINT_KEY_RSA && view->key.well_formed &&
        (view->key.bits < 2048 || view->key.bits % 8 != 0))
        lint_found(out, "subjectPublicKeyInfo", "has a modulus of %zu bits", view->key.bits);
}

const struct lint_rule lint_br_key_rsa_size = {
    .about = {.id = "br-key-rsa-size",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §6.1.5",
              .title = "An RSA modulus has at least 2048 bits, in whole octets"},
    .kinds = LINT_ANY,
    .check = check,
};
