/* TLS BR 2.2.6 §7.1.2.7.11: keyAgreement is not recommended for an ECDSA key. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->key.kind == LINT_KEY_EC && (view->usage & LINT_KU_KEY_AGREEMENT))
        lint_found(out, "extensions.keyUsage", "has keyAgreement");
}

const struct lint_rule lint_br_ku_key_agreement = {
    .about = {.id = "br-ku-key-agreement",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.7.11",
              .title = "keyAgreement is not recommended for an ECDSA key"},
    .kinds = LINT_TLS,
    .check = check,
};
