/* TLS BR 2.2.6 §7.1.4.1: A subject attribute appears once (organizationalUnitName, streetAddress, domainComponent aside). */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader rdns = der_reader(view->subject_items);
    struct der_reader rdn = der_reader(CX_BYTES_NONE);
    struct lint_attribute attribute;
    while (lint_next_attribute(&rdns, &rdn, &attribute)) {
        struct der_value second;
        if (cx_bytes_eq(attribute.type, LINT_OID_DOMAIN_COMPONENT) ||
            cx_bytes_eq(attribute.type, LINT_OID_ORGANIZATIONAL_UNIT) ||
            cx_bytes_eq(attribute.type, LINT_OID_STREET_ADDRESS) ||
            !lint_subject_attribute(view, attribute.type, 1, &second))
            continue;
        lint_found(out, "subject", "\"%s\" repeats an attribute", lint_show(second.content).text);
        return;
    }
}

const struct lint_rule lint_br_subject_attribute_repeated = {
    .about = {.id = "br-subject-attribute-repeated",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.4.1",
              .title = "A subject attribute appears once (organizationalUnitName, streetAddress, "
                       "domainComponent aside)"},
    .kinds = LINT_ANY,
    .check = check,
};
