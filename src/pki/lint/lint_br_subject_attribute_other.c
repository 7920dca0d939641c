/* TLS BR 2.2.6 §7.1.2.7.4, §7.1.2.10.2: Subject attributes outside the table of the profile are not recommended. */
#include "pki/lint/rule.h"
#include "pki/lint/attributes.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader rdns = der_reader(view->subject_items);
    struct der_reader rdn = der_reader(CX_BYTES_NONE);
    struct lint_attribute attribute;
    bool extended = lint_has_policy(view, LINT_OID_POLICY_EV);
    while (lint_next_attribute(&rdns, &rdn, &attribute)) {
        struct lint_attribute_form form;
        bool known = lint_attribute_form(attribute.type, &form);
        if (!known || (form.rank == 0 && !extended)) /* those without a place are of the EVG */
            lint_found(out, "subject", "\"%s\" is of another attribute",
                       lint_show(attribute.value.content).text);
    }
}

const struct lint_rule lint_br_subject_attribute_other = {
    .about = {.id = "br-subject-attribute-other",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.7.4, §7.1.2.10.2",
              .title = "Subject attributes outside the table of the profile are not recommended"},
    .kinds = LINT_PROFILED,
    .check = check,
};
