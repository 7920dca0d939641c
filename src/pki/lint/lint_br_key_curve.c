/* TLS BR 2.2.6 §6.1.5: An EC key is on P-256, P-384 or P-521. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader reader = der_reader(view->key.parameters);
    struct cx_bytes curve = CX_BYTES_NONE;
    if (view->key.kind != LINT_KEY_EC)
        return;
    if (cx_failed(der_read_oid(&reader, &curve)) ||
        (!cx_bytes_eq(curve, LINT_OID_P256) && !cx_bytes_eq(curve, LINT_OID_P384) &&
         !cx_bytes_eq(curve, LINT_OID_P521)))
        lint_found(out, "subjectPublicKeyInfo.algorithm", "is another curve");
}

const struct lint_rule lint_br_key_curve = {
    .about = {.id = "br-key-curve",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §6.1.5",
              .title = "An EC key is on P-256, P-384 or P-521"},
    .kinds = LINT_ANY,
    .check = check,
};
