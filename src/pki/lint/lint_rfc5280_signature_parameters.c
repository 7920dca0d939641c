/* RFC 4055 §5, RFC 5758 §3.2, RFC 8410 §3: RSA signature algorithms carry NULL parameters, ECDSA and Ed25519 none. */
#include "pki/lint/rule.h"
#include "pki/lint/signature.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    enum lint_signature_kind kind = lint_signature_kind(view->certificate->tbs_signature_algorithm);
    if (kind == LINT_SIGNATURE_MALFORMED)
        lint_found(out, "signature", "the parameters are not what the algorithm demands");
}

const struct lint_rule lint_rfc5280_signature_parameters = {
    .about = {.id = "rfc5280-signature-parameters",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 4055 §5, RFC 5758 §3.2, RFC 8410 §3",
              .title = "RSA signature algorithms carry NULL parameters, ECDSA and Ed25519 none"},
    .kinds = LINT_ANY,
    .check = check,
};
