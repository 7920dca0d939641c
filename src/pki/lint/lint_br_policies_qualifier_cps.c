/* TLS BR 2.2.6 §7.1.2.7.9, §7.1.2.10.5: A policy qualifier is id-qt-cps with an http or https URL. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"
#include "pki/lint/text.h"

static bool is_practice_statement(const struct der_value *qualifier)
{
    struct der_reader fields = der_reader(qualifier->content);
    struct cx_bytes id;
    struct der_value uri;
    return qualifier->tag == DER_SEQUENCE && cx_is_ok(der_read_oid(&fields, &id)) &&
           cx_bytes_eq(id, LINT_OID_QT_CPS) && lint_next(&fields, &uri) && der_at_end(&fields) &&
           uri.tag == DER_IA5_STRING &&
           (lint_uri_is_http(uri.content) || lint_uri_is_https(uri.content));
}

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader policies = der_reader(view->policies.items);
    struct der_value policy;
    while (lint_next(&policies, &policy)) {
        struct der_reader qualifiers = der_reader(lint_policy_qualifiers(&policy));
        struct der_value qualifier;
        while (lint_next(&qualifiers, &qualifier)) {
            if (!is_practice_statement(&qualifier))
                lint_found(out, "extensions.certificatePolicies", "has another qualifier");
        }
    }
}

const struct lint_rule lint_br_policies_qualifier_cps = {
    .about = {.id = "br-policies-qualifier-cps",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.9, §7.1.2.10.5",
              .title = "A policy qualifier is id-qt-cps with an http or https URL"},
    .kinds = LINT_PROFILED,
    .check = check,
};
