/* TLS BR 2.2.6 §7.1.3.2: The signature is RSA (PKCS #1 or PSS) or ECDSA with SHA-256, SHA-384 or SHA-512. */
#include "pki/lint/rule.h"
#include "pki/lint/signature.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    enum lint_signature_kind kind = lint_signature_kind(view->certificate->tbs_signature_algorithm);
    if (kind == LINT_SIGNATURE_OTHER)
        lint_found(out, "signature", "is not an allowed algorithm");
}

const struct lint_rule lint_br_signature_algorithm = {
    .about =
        {.id = "br-signature-algorithm",
         .source = PKI_LINT_BASELINE,
         .severity = PKI_LINT_ERROR,
         .citation = "TLS BR 2.2.6 §7.1.3.2",
         .title =
             "The signature is RSA (PKCS #1 or PSS) or ECDSA with SHA-256, SHA-384 or SHA-512"},
    .kinds = LINT_ANY,
    .check = check,
};
