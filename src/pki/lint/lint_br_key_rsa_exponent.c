/* TLS BR 2.2.6 §6.1.6: An RSA exponent is odd and at least 3. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct cx_bytes exponent = view->key.exponent;
    if (view->key.kind != LINT_KEY_RSA || !view->key.well_formed)
        return;
    bool odd = exponent.ptr[exponent.len - 1] & 1;
    if (!odd || (exponent.len == 1 && exponent.ptr[0] < 3))
        lint_found(out, "subjectPublicKeyInfo", "the exponent is even or below 3");
}

const struct lint_rule lint_br_key_rsa_exponent = {
    .about = {.id = "br-key-rsa-exponent",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §6.1.6",
              .title = "An RSA exponent is odd and at least 3"},
    .kinds = LINT_ANY,
    .check = check,
};
