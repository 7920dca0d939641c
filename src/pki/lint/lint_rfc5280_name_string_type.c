/* RFC 5280 §4.1.2.4: Directory strings are UTF8String or PrintableString. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader rdns = der_reader(view->subject_items);
    struct der_reader rdn = der_reader(CX_BYTES_NONE);
    struct lint_attribute attribute;
    while (lint_next_attribute(&rdns, &rdn, &attribute)) {
        /* emailAddress and domainComponent are IA5String by definition. */
        if (cx_bytes_eq(attribute.type, LINT_OID_EMAIL) ||
            cx_bytes_eq(attribute.type, LINT_OID_DOMAIN_COMPONENT))
            continue;
        if (attribute.value.tag != DER_UTF8_STRING && attribute.value.tag != DER_PRINTABLE_STRING)
            lint_found(out, "subject", "\"%s\" has tag 0x%02x",
                       lint_show(attribute.value.content).text, attribute.value.tag);
    }
}

const struct lint_rule lint_rfc5280_name_string_type = {
    .about = {.id = "rfc5280-name-string-type",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.1.2.4",
              .title = "Directory strings are UTF8String or PrintableString"},
    .kinds = LINT_ANY,
    .check = check,
};
