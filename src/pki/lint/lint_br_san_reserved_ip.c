/* TLS BR 2.2.6 §4.2.2, §7.1.2.7.12: An iPAddress is not in a block that IANA reserves. */
#include "pki/lint/rule.h"
#include "pki/lint/text.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader names = der_reader(view->san.items);
    struct der_value name;
    while (lint_next(&names, &name)) {
        if (name.tag == LINT_GN_IP && lint_ip_reserved(name.content))
            lint_found(out, "extensions.subjectAltName", "a reserved address of %zu octets",
                       name.content.len);
    }
}

const struct lint_rule lint_br_san_reserved_ip = {
    .about = {.id = "br-san-reserved-ip",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §4.2.2, §7.1.2.7.12",
              .title = "An iPAddress is not in a block that IANA reserves"},
    .kinds = LINT_TLS,
    .check = check,
};
