/* TLS BR 2.2.6 §7.1.2.7.3, §7.1.2.7.4: postalCode and streetAddress are not recommended. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_value value;
    if (lint_has_policy(view, LINT_OID_POLICY_EV)) /* EVG §7.1.4.2 has its own rules for both */
        return;
    if (lint_subject_attribute(view, LINT_OID_POSTAL_CODE, 0, &value))
        lint_found(out, "subject.postalCode", "is present");
    if (lint_subject_attribute(view, LINT_OID_STREET_ADDRESS, 0, &value))
        lint_found(out, "subject.streetAddress", "is present");
}

const struct lint_rule lint_br_subject_address = {
    .about = {.id = "br-subject-address",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.7.3, §7.1.2.7.4",
              .title = "postalCode and streetAddress are not recommended"},
    .kinds = LINT_TLS,
    .check = check,
};
