/* TLS BR 2.2.6 §3.2.2.6: A wildcard stands before a name of at least two labels. */
#include "pki/lint/rule.h"
#include "pki/lint/text.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader names = der_reader(view->san.items);
    struct der_value name;
    while (lint_next(&names, &name)) {
        if (name.tag == LINT_GN_DNS && lint_wildcard_too_wide(name.content))
            lint_found(out, "extensions.subjectAltName", "\"%s\"", lint_show(name.content).text);
    }
}

const struct lint_rule lint_br_san_wildcard_domain = {
    .about = {.id = "br-san-wildcard-domain",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §3.2.2.6",
              .title = "A wildcard stands before a name of at least two labels"},
    .kinds = LINT_TLS,
    .check = check,
};
