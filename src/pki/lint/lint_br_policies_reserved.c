/* TLS BR 2.2.6 §7.1.2.7.9: certificatePolicies names exactly one reserved policy of the CA/Browser Forum. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct cx_bytes reserved[] = {LINT_OID_POLICY_EV, LINT_OID_POLICY_DV, LINT_OID_POLICY_OV,
                                        LINT_OID_POLICY_IV};
    size_t count = 0;
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        count += lint_has_policy(view, reserved[i]);
    if (count != 1)
        lint_found(out, "extensions.certificatePolicies", "names %zu reserved policies", count);
}

const struct lint_rule lint_br_policies_reserved = {
    .about = {.id = "br-policies-reserved",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.9",
              .title =
                  "certificatePolicies names exactly one reserved policy of the CA/Browser Forum"},
    .kinds = LINT_TLS,
    .check = check,
};
