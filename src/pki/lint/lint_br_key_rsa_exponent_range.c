/* TLS BR 2.2.6 §6.1.6: An RSA exponent should be from 2^16+1 to 2^256-1. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct cx_bytes exponent = view->key.exponent;
    if (view->key.kind != LINT_KEY_RSA || !view->key.well_formed)
        return;
    bool below = exponent.len < 3 ||
                 (exponent.len == 3 && cx_bytes_cmp(exponent, CX_BYTES("\x01\x00\x01", 3)) < 0);
    if (below || exponent.len > 32)
        lint_found(out, "subjectPublicKeyInfo", "the exponent is out of the recommended range");
}

const struct lint_rule lint_br_key_rsa_exponent_range = {
    .about = {.id = "br-key-rsa-exponent-range",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §6.1.6",
              .title = "An RSA exponent should be from 2^16+1 to 2^256-1"},
    .kinds = LINT_ANY,
    .check = check,
};
