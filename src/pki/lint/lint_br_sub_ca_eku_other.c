/* TLS BR 2.2.6 §7.1.2.10.6: Purposes other than serverAuth and clientAuth are not recommended for a TLS CA. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct cx_bytes known[] = {LINT_OID_SERVER_AUTH,      LINT_OID_CLIENT_AUTH,
                                     LINT_OID_ANY_EKU,          LINT_OID_CODE_SIGNING,
                                     LINT_OID_EMAIL_PROTECTION, LINT_OID_TIME_STAMPING,
                                     LINT_OID_OCSP_SIGNING,     LINT_OID_PRECERTIFICATE_SIGNING};
    struct der_reader purposes = der_reader(view->ext_key_usage.items);
    struct der_value purpose;
    while (lint_next(&purposes, &purpose)) {
        bool found = false;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            found = found || cx_bytes_eq(purpose.content, known[i]);
        if (!found)
            lint_found(out, "extensions.extKeyUsage", "names an unusual purpose");
    }
}

const struct lint_rule lint_br_sub_ca_eku_other = {
    .about = {.id = "br-sub-ca-eku-other",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.10.6",
              .title =
                  "Purposes other than serverAuth and clientAuth are not recommended for a TLS CA"},
    .kinds = LINT_KIND(SUB_CA),
    .check = check,
};
