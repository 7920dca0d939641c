/* RFC 5280 §4.2.1.12: Each purpose has a keyUsage bit that it can be served with. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check_purpose(struct cx_bytes purpose, uint32_t bits, const char *name,
                          const struct lint_view *view, struct lint_out *out)
{
    if (lint_has_ext_key_usage(view, purpose) && !(view->usage & bits))
        lint_found(out, "extensions.extKeyUsage", "%s has no fitting keyUsage bit", name);
}

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!view->key_usage.well_formed || view->usage == 0)
        return;
    check_purpose(LINT_OID_SERVER_AUTH,
                  LINT_KU_DIGITAL_SIGNATURE | LINT_KU_KEY_ENCIPHERMENT | LINT_KU_KEY_AGREEMENT,
                  "serverAuth", view, out);
    check_purpose(LINT_OID_CLIENT_AUTH, LINT_KU_DIGITAL_SIGNATURE | LINT_KU_KEY_AGREEMENT,
                  "clientAuth", view, out);
    check_purpose(LINT_OID_CODE_SIGNING, LINT_KU_DIGITAL_SIGNATURE, "codeSigning", view, out);
    check_purpose(LINT_OID_EMAIL_PROTECTION,
                  LINT_KU_DIGITAL_SIGNATURE | LINT_KU_NON_REPUDIATION | LINT_KU_KEY_ENCIPHERMENT |
                      LINT_KU_KEY_AGREEMENT,
                  "emailProtection", view, out);
    check_purpose(LINT_OID_TIME_STAMPING, LINT_KU_DIGITAL_SIGNATURE | LINT_KU_NON_REPUDIATION,
                  "timeStamping", view, out);
    check_purpose(LINT_OID_OCSP_SIGNING, LINT_KU_DIGITAL_SIGNATURE | LINT_KU_NON_REPUDIATION,
                  "OCSPSigning", view, out);
}

const struct lint_rule lint_rfc5280_eku_key_usage = {
    .about = {.id = "rfc5280-eku-key-usage",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.12",
              .title = "Each purpose has a keyUsage bit that it can be served with"},
    .kinds = LINT_LEAF,
    .check = check,
};
