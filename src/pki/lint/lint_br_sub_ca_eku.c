/* TLS BR 2.2.6 §7.1.2.10.6: A TLS CA has extKeyUsage with serverAuth, and besides at most clientAuth. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!lint_has_ext_key_usage(view, LINT_OID_SERVER_AUTH))
        lint_found(out, "extensions.extKeyUsage", "lacks serverAuth");
    const struct cx_bytes prohibited[] = {LINT_OID_ANY_EKU, LINT_OID_CODE_SIGNING,
                                          LINT_OID_EMAIL_PROTECTION, LINT_OID_TIME_STAMPING,
                                          LINT_OID_OCSP_SIGNING};
    for (size_t i = 0; i < sizeof(prohibited) / sizeof(prohibited[0]); i++) {
        if (lint_has_ext_key_usage(view, prohibited[i]))
            lint_found(out, "extensions.extKeyUsage", "names a purpose of another trust");
    }
}

const struct lint_rule lint_br_sub_ca_eku = {
    .about = {.id = "br-sub-ca-eku",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.10.6",
              .title = "A TLS CA has extKeyUsage with serverAuth, and besides at most clientAuth"},
    .kinds = LINT_KIND(SUB_CA),
    .check = check,
};
