/* RFC 3279 §2.3.1, RFC 5480 §2.1.1, RFC 8410 §3: Key parameters: NULL for RSA, a named curve for EC, none for Ed25519. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader reader = der_reader(view->key.parameters);
    struct cx_bytes curve;
    bool right = true;
    if (view->key.kind == LINT_KEY_RSA)
        right = cx_is_ok(der_read_null(&reader));
    else if (view->key.kind == LINT_KEY_EC)
        right = cx_is_ok(der_read_oid(&reader, &curve));
    else if (view->key.kind == LINT_KEY_OTHER)
        return;
    if (!right || !der_at_end(&reader))
        lint_found(out, "subjectPublicKeyInfo.algorithm", "has wrong parameters");
}

const struct lint_rule lint_rfc5280_spki_parameters = {
    .about = {.id = "rfc5280-spki-parameters",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 3279 §2.3.1, RFC 5480 §2.1.1, RFC 8410 §3",
              .title = "Key parameters: NULL for RSA, a named curve for EC, none for Ed25519"},
    .kinds = LINT_ANY,
    .check = check,
};
