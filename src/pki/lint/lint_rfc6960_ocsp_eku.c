/* RFC 6960 §4.2.2.2: A delegated OCSP responder has OCSPSigning. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!lint_has_ext_key_usage(view, LINT_OID_OCSP_SIGNING))
        lint_found(out, "extensions.extKeyUsage", "lacks OCSPSigning");
}

const struct lint_rule lint_rfc6960_ocsp_eku = {
    .about = {.id = "rfc6960-ocsp-eku",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 6960 §4.2.2.2",
              .title = "A delegated OCSP responder has OCSPSigning"},
    .kinds = LINT_KIND(OCSP_SIGNER),
    .check = check,
};
