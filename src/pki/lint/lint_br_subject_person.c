/* TLS BR 2.2.6 §7.1.2.7.4: An organisation-validated subject has no surname and no givenName. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_value value;
    if (!lint_has_policy(view, LINT_OID_POLICY_OV))
        return;
    if (lint_subject_attribute(view, LINT_OID_SURNAME, 0, &value))
        lint_found(out, "subject.surname", "is present");
    if (lint_subject_attribute(view, LINT_OID_GIVEN_NAME, 0, &value))
        lint_found(out, "subject.givenName", "is present");
}

const struct lint_rule lint_br_subject_person = {
    .about = {.id = "br-subject-person",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.4",
              .title = "An organisation-validated subject has no surname and no givenName"},
    .kinds = LINT_TLS,
    .check = check,
};
