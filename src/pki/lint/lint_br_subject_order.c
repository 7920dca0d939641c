/* TLS BR 2.2.6 §7.1.4.2: Subject attributes are in the order of the table: domainComponent, countryName, stateOrProvinceName … commonName. */
#include "pki/lint/rule.h"
#include "pki/lint/attributes.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader rdns = der_reader(view->subject_items);
    struct der_reader rdn = der_reader(CX_BYTES_NONE);
    struct lint_attribute attribute;
    unsigned last = 0;
    while (lint_next_attribute(&rdns, &rdn, &attribute)) {
        struct lint_attribute_form form;
        if (!lint_attribute_form(attribute.type, &form) || form.rank == 0)
            continue;
        if (form.rank < last)
            lint_found(out, "subject", "\"%s\" comes too late",
                       lint_show(attribute.value.content).text);
        last = form.rank > last ? form.rank : last;
    }
}

const struct lint_rule lint_br_subject_order = {
    .about = {.id = "br-subject-order",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.4.2",
              .title = "Subject attributes are in the order of the table: domainComponent, "
                       "countryName, stateOrProvinceName … commonName"},
    .kinds = LINT_PROFILED,
    .check = check,
};
