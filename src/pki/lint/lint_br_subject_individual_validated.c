/* TLS BR 2.2.6 §7.1.2.7.3: An individual-validated subject has countryName, surname, givenName and a locality or state. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_value value;
    if (!lint_has_policy(view, LINT_OID_POLICY_IV))
        return;
    if (!lint_subject_attribute(view, LINT_OID_COUNTRY, 0, &value))
        lint_found(out, "subject.countryName", "is absent");
    if (!lint_subject_attribute(view, LINT_OID_SURNAME, 0, &value))
        lint_found(out, "subject.surname", "is absent");
    if (!lint_subject_attribute(view, LINT_OID_GIVEN_NAME, 0, &value))
        lint_found(out, "subject.givenName", "is absent");
    if (!lint_subject_attribute(view, LINT_OID_LOCALITY, 0, &value) &&
        !lint_subject_attribute(view, LINT_OID_STATE, 0, &value))
        lint_found(out, "subject", "has neither localityName nor stateOrProvinceName");
}

const struct lint_rule lint_br_subject_individual_validated = {
    .about = {.id = "br-subject-individual-validated",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.3",
              .title = "An individual-validated subject has countryName, surname, givenName and a "
                       "locality or state"},
    .kinds = LINT_TLS,
    .check = check,
};
