/* TLS BR 2.2.6 §7.1.2.7.5, EVG §7.1.4.2: An extended-validated subject has organizationName, businessCategory, jurisdictionCountry, serialNumber, countryName and a locality or state. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct cx_bytes needed[] = {LINT_OID_ORGANIZATION, LINT_OID_BUSINESS_CATEGORY,
                                      LINT_OID_JURISDICTION_COUNTRY, LINT_OID_SERIAL_NUMBER,
                                      LINT_OID_COUNTRY};
    static const char *const fields[] = {"subject.organizationName", "subject.businessCategory",
                                         "subject.jurisdictionCountry", "subject.serialNumber",
                                         "subject.countryName"};
    struct der_value value;
    if (!lint_has_policy(view, LINT_OID_POLICY_EV))
        return;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (!lint_subject_attribute(view, needed[i], 0, &value))
            lint_found(out, fields[i], "is absent");
    }
    if (!lint_subject_attribute(view, LINT_OID_LOCALITY, 0, &value) &&
        !lint_subject_attribute(view, LINT_OID_STATE, 0, &value))
        lint_found(out, "subject", "has neither localityName nor stateOrProvinceName");
}

const struct lint_rule lint_br_subject_extended_validated = {
    .about = {.id = "br-subject-extended-validated",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.5, EVG §7.1.4.2",
              .title = "An extended-validated subject has organizationName, businessCategory, "
                       "jurisdictionCountry, serialNumber, countryName and a locality or state"},
    .kinds = LINT_TLS,
    .check = check,
};
