/* TLS BR 2.2.6 §7.1.2.8.6: A responder has id-pkix-ocsp-nocheck. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!lint_extension(view->certificate, LINT_OID_OCSP_NOCHECK))
        lint_found(out, "extensions.ocspNoCheck", "is absent");
}

const struct lint_rule lint_br_ocsp_nocheck = {
    .about = {.id = "br-ocsp-nocheck",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.8.6",
              .title = "A responder has id-pkix-ocsp-nocheck"},
    .kinds = LINT_KIND(OCSP_SIGNER),
    .check = check,
};
