/* TLS BR 2.2.6 §7.1.4.2: Subject attributes have the string type of the table. */
#include "pki/lint/rule.h"
#include "pki/lint/attributes.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader rdns = der_reader(view->subject_items);
    struct der_reader rdn = der_reader(CX_BYTES_NONE);
    struct lint_attribute attribute;
    while (lint_next_attribute(&rdns, &rdn, &attribute)) {
        struct lint_attribute_form form;
        if (!lint_attribute_form(attribute.type, &form))
            continue;
        uint8_t tag = attribute.value.tag;
        if (tag != form.tag && !(form.tag == DER_UTF8_STRING && tag == DER_PRINTABLE_STRING))
            lint_found(out, "subject", "\"%s\" has tag 0x%02x",
                       lint_show(attribute.value.content).text, tag);
    }
}

const struct lint_rule lint_br_subject_string_type = {
    .about = {.id = "br-subject-string-type",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.4.2",
              .title = "Subject attributes have the string type of the table"},
    .kinds = LINT_PROFILED,
    .check = check,
};
