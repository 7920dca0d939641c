/* RFC 6960 §4.2.2.2.1: A responder says how its own revocation is checked: id-pkix-ocsp-nocheck, CRL points or AIA. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!lint_extension(view->certificate, LINT_OID_OCSP_NOCHECK) && !view->crl_points.extension &&
        !view->info_access.extension)
        lint_found(out, "extensions", "says nothing of the responder's own revocation");
}

const struct lint_rule lint_rfc6960_ocsp_nocheck = {
    .about = {.id = "rfc6960-ocsp-nocheck",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_WARN,
              .citation = "RFC 6960 §4.2.2.2.1",
              .title = "A responder says how its own revocation is checked: id-pkix-ocsp-nocheck, "
                       "CRL points or AIA"},
    .kinds = LINT_KIND(OCSP_SIGNER),
    .check = check,
};
