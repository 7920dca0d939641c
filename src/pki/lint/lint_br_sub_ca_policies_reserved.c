/* TLS BR 2.2.6 §7.1.2.10.5: certificatePolicies of a subordinate CA is anyPolicy alone, or names exactly one reserved policy and not anyPolicy. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader policies = der_reader(view->policies.items);
    struct der_value policy;
    size_t count = 0;
    while (lint_next(&policies, &policy))
        count++;
    if (count == 0) /* br-sub-ca-policies and the syntax rules */
        return;
    if (lint_has_policy(view, LINT_OID_ANY_POLICY)) {
        if (count > 1)
            lint_found(out, "extensions.certificatePolicies", "names anyPolicy and others");
    } else if (lint_reserved_policy_count(view) != 1) {
        lint_found(out, "extensions.certificatePolicies", "names %zu reserved policies",
                   lint_reserved_policy_count(view));
    }
}

const struct lint_rule lint_br_sub_ca_policies_reserved = {
    .about = {.id = "br-sub-ca-policies-reserved",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.10.5",
              .title = "certificatePolicies of a subordinate CA is anyPolicy alone, or names "
                       "exactly one reserved policy and not anyPolicy"},
    .kinds = LINT_KIND(SUB_CA),
    .check = check,
};
