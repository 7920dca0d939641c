/* TLS BR 2.2.6 §7.1.2.7.12: subjectAltName holds dNSName and iPAddress only. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader names = der_reader(view->san.items);
    struct der_value name;
    while (lint_next(&names, &name)) {
        if (name.tag != LINT_GN_DNS && name.tag != LINT_GN_IP)
            lint_found(out, "extensions.subjectAltName", "has a name with tag 0x%02x", name.tag);
    }
}

const struct lint_rule lint_br_san_types = {
    .about = {.id = "br-san-types",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.12",
              .title = "subjectAltName holds dNSName and iPAddress only"},
    .kinds = LINT_TLS,
    .check = check,
};
