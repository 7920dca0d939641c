/* RFC 6960 §4.2.2.2.1: The value of id-pkix-ocsp-nocheck is NULL. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_extension *extension =
        lint_extension(view->certificate, LINT_OID_OCSP_NOCHECK);
    if (extension && !cx_bytes_eq(extension->value, CX_BYTES("\x05\x00", 2)))
        lint_found(out, "extensions.ocspNoCheck", "is not NULL");
}

const struct lint_rule lint_rfc6960_ocsp_nocheck_null = {
    .about = {.id = "rfc6960-ocsp-nocheck-null",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 6960 §4.2.2.2.1",
              .title = "The value of id-pkix-ocsp-nocheck is NULL"},
    .kinds = LINT_KIND(OCSP_SIGNER),
    .check = check,
};
