/* TLS BR 2.2.6 §6.1.6: An RSA modulus is odd and has no factor below 752. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->key.kind != LINT_KEY_RSA || !view->key.well_formed)
        return;
    enum { FACTOR_MAX = 752 };
    for (uint32_t factor = 2; factor < FACTOR_MAX; factor++) {
        uint32_t rest = 0;
        for (size_t i = 0; i < view->key.modulus.len; i++)
            rest = (rest << 8 | view->key.modulus.ptr[i]) % factor;
        if (rest == 0) {
            lint_found(out, "subjectPublicKeyInfo", "the modulus is divisible by %u", factor);
            return;
        }
    }
}

const struct lint_rule lint_br_key_rsa_modulus = {
    .about = {.id = "br-key-rsa-modulus",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §6.1.6",
              .title = "An RSA modulus is odd and has no factor below 752"},
    .kinds = LINT_ANY,
    .check = check,
};
