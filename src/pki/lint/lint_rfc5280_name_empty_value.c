/* RFC 5280 appendix A.1: Attribute values hold at least one character. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader rdns = der_reader(view->subject_items);
    struct der_reader rdn = der_reader(CX_BYTES_NONE);
    struct lint_attribute attribute;
    while (lint_next_attribute(&rdns, &rdn, &attribute)) {
        if (attribute.value.content.len == 0)
            lint_found(out, "subject", "an attribute is empty");
    }
}

const struct lint_rule lint_rfc5280_name_empty_value = {
    .about = {.id = "rfc5280-name-empty-value",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 appendix A.1",
              .title = "Attribute values hold at least one character"},
    .kinds = LINT_ANY,
    .check = check,
};
