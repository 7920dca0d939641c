/* RFC 5280 §4.1.1.2: signatureAlgorithm equals the signature field of the to-be-signed part. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!cx_bytes_eq(view->certificate->signature_algorithm,
                     view->certificate->tbs_signature_algorithm))
        lint_found(out, "signatureAlgorithm", "differs from the signature field");
}

const struct lint_rule lint_rfc5280_signature_match = {
    .about = {.id = "rfc5280-signature-match",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.1.1.2",
              .title = "signatureAlgorithm equals the signature field of the to-be-signed part"},
    .kinds = LINT_ANY,
    .check = check,
};
