/* RFC 5280 §4.2.1.3: A CA has keyUsage with keyCertSign. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!view->key_usage.extension)
        lint_found(out, "extensions.keyUsage", "is absent");
    else if (view->key_usage.well_formed && !(view->usage & LINT_KU_CERT_SIGN))
        lint_found(out, "extensions.keyUsage", "lacks keyCertSign");
}

const struct lint_rule lint_rfc5280_ku_ca_cert_sign = {
    .about = {.id = "rfc5280-ku-ca-cert-sign",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.3",
              .title = "A CA has keyUsage with keyCertSign"},
    .kinds = LINT_CA,
    .check = check,
};
