/* RFC 5280 §4.1.2.4, X.680 §41: Attribute values are within the alphabet of their string type. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader rdns = der_reader(view->subject_items);
    struct der_reader rdn = der_reader(CX_BYTES_NONE);
    struct lint_attribute attribute;
    while (lint_next_attribute(&rdns, &rdn, &attribute)) {
        if (der_is_text(attribute.value.tag) &&
            !der_text_valid(attribute.value.tag, attribute.value.content))
            lint_found(out, "subject", "\"%s\" is not valid in its string type",
                       lint_show(attribute.value.content).text);
    }
}

const struct lint_rule lint_rfc5280_name_characters = {
    .about = {.id = "rfc5280-name-characters",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.1.2.4, X.680 §41",
              .title = "Attribute values are within the alphabet of their string type"},
    .kinds = LINT_ANY,
    .check = check,
};
