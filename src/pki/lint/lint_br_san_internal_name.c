/* TLS BR 2.2.6 §4.2.2, §7.1.2.7.12: A dNSName is not an internal name: it ends in a public suffix, not alone or in a reserved domain. */
#include "pki/lint/rule.h"
#include "pki/lint/text.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader names = der_reader(view->san.items);
    struct der_value name;
    while (lint_next(&names, &name)) {
        if (name.tag == LINT_GN_DNS && lint_dns_internal(name.content))
            lint_found(out, "extensions.subjectAltName", "\"%s\"", lint_show(name.content).text);
    }
}

const struct lint_rule lint_br_san_internal_name = {
    .about = {.id = "br-san-internal-name",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §4.2.2, §7.1.2.7.12",
              .title = "A dNSName is not an internal name: it ends in a public suffix, not alone "
                       "or in a reserved domain"},
    .kinds = LINT_TLS,
    .check = check,
};
