/* RFC 5280 §4.2.1.6: An iPAddress is 4 or 16 octets. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader names = der_reader(view->san.items);
    struct der_value name;
    while (lint_next(&names, &name)) {
        if (name.tag == LINT_GN_IP && name.content.len != 4 && name.content.len != 16)
            lint_found(out, "extensions.subjectAltName", "an iPAddress has %zu octets",
                       name.content.len);
    }
}

const struct lint_rule lint_rfc5280_san_ip_length = {
    .about = {.id = "rfc5280-san-ip-length",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.6",
              .title = "An iPAddress is 4 or 16 octets"},
    .kinds = LINT_ANY,
    .check = check,
};
