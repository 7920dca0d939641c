/* TLS BR 2.2.6 §7.1.2.10.2, §7.1.2.8: The subject of a CA or responder has countryName, organizationName and commonName. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_value value;
    if (!lint_subject_attribute(view, LINT_OID_COUNTRY, 0, &value))
        lint_found(out, "subject.countryName", "is absent");
    if (!lint_subject_attribute(view, LINT_OID_ORGANIZATION, 0, &value))
        lint_found(out, "subject.organizationName", "is absent");
    if (!lint_subject_attribute(view, LINT_OID_COMMON_NAME, 0, &value))
        lint_found(out, "subject.commonName", "is absent");
}

const struct lint_rule lint_br_ca_subject = {
    .about =
        {.id = "br-ca-subject",
         .source = PKI_LINT_BASELINE,
         .severity = PKI_LINT_ERROR,
         .citation = "TLS BR 2.2.6 §7.1.2.10.2, §7.1.2.8",
         .title =
             "The subject of a CA or responder has countryName, organizationName and commonName"},
    .kinds = LINT_CA | LINT_KIND(OCSP_SIGNER),
    .check = check,
};
