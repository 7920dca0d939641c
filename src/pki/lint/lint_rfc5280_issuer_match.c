/* RFC 5280 §6.1.3 (a)(4): The issuer field equals the subject of the issuer's certificate, byte for byte. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_certificate *issuer = view->context->issuer;
    if (issuer && !cx_bytes_eq(view->certificate->issuer, issuer->subject))
        lint_found(out, "issuer", "differs from the subject of the issuer's certificate");
}

const struct lint_rule lint_rfc5280_issuer_match = {
    .about = {.id = "rfc5280-issuer-match",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §6.1.3 (a)(4)",
              .title =
                  "The issuer field equals the subject of the issuer's certificate, byte for byte"},
    .kinds = LINT_ANY,
    .check = check,
};
