/* TLS BR 2.2.6 §7.1.2.7.2: A domain-validated subject holds countryName and commonName only. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!lint_has_policy(view, LINT_OID_POLICY_DV))
        return;
    struct der_reader rdns = der_reader(view->subject_items);
    struct der_reader rdn = der_reader(CX_BYTES_NONE);
    struct lint_attribute attribute;
    while (lint_next_attribute(&rdns, &rdn, &attribute)) {
        if (!cx_bytes_eq(attribute.type, LINT_OID_COUNTRY) &&
            !cx_bytes_eq(attribute.type, LINT_OID_COMMON_NAME))
            lint_found(out, "subject", "\"%s\" is not validated in this kind of certificate",
                       lint_show(attribute.value.content).text);
    }
}

const struct lint_rule lint_br_subject_domain_validated = {
    .about = {.id = "br-subject-domain-validated",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.2",
              .title = "A domain-validated subject holds countryName and commonName only"},
    .kinds = LINT_TLS,
    .check = check,
};
