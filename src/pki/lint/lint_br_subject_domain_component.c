/* TLS BR 2.2.6 §7.1.2.7.4: A domainComponent is one label of a domain name. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"
#include "pki/lint/text.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_value value;
    for (size_t i = 0; lint_subject_attribute(view, LINT_OID_DOMAIN_COMPONENT, i, &value); i++) {
        struct cx_bytes label = value.content;
        if (!lint_dns_valid(label) || memchr(label.ptr, '.', label.len))
            lint_found(out, "subject.domainComponent", "is \"%s\"", lint_show(label).text);
    }
}

const struct lint_rule lint_br_subject_domain_component = {
    .about = {.id = "br-subject-domain-component",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.4",
              .title = "A domainComponent is one label of a domain name"},
    .kinds = LINT_TLS,
    .check = check,
};
