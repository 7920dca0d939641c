/* RFC 5280 §4.2.1.9: keyCertSign is set only where basicConstraints says cA. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if ((view->usage & LINT_KU_CERT_SIGN) && !view->is_ca)
        lint_found(out, "extensions.keyUsage", "sets keyCertSign without cA");
}

const struct lint_rule lint_rfc5280_ku_cert_sign_only_ca = {
    .about = {.id = "rfc5280-ku-cert-sign-only-ca",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.9",
              .title = "keyCertSign is set only where basicConstraints says cA"},
    .kinds = LINT_ANY,
    .check = check,
};
