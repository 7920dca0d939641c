/* TLS BR 2.2.6 §7.1.2.7.10: extKeyUsage names no purpose of another trust: any, codeSigning, emailProtection, timeStamping, OCSPSigning. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct cx_bytes prohibited[] = {LINT_OID_ANY_EKU, LINT_OID_CODE_SIGNING,
                                          LINT_OID_EMAIL_PROTECTION, LINT_OID_TIME_STAMPING,
                                          LINT_OID_OCSP_SIGNING};
    static const char *const names[] = {"anyExtendedKeyUsage", "codeSigning", "emailProtection",
                                        "timeStamping", "OCSPSigning"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (lint_has_ext_key_usage(view, prohibited[i]))
            lint_found(out, "extensions.extKeyUsage", "names %s", names[i]);
    }
}

const struct lint_rule lint_br_eku_prohibited = {
    .about = {.id = "br-eku-prohibited",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.10",
              .title = "extKeyUsage names no purpose of another trust: any, codeSigning, "
                       "emailProtection, timeStamping, OCSPSigning"},
    .kinds = LINT_TLS,
    .check = check,
};
