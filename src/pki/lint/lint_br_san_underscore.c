/* TLS BR 2.2.6 §7.1.2.7.12: A dNSName has no underscore. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader names = der_reader(view->san.items);
    struct der_value name;
    while (lint_next(&names, &name)) {
        if (name.tag == LINT_GN_DNS && memchr(name.content.ptr, '_', name.content.len) != NULL)
            lint_found(out, "extensions.subjectAltName", "\"%s\"", lint_show(name.content).text);
    }
}

const struct lint_rule lint_br_san_underscore = {
    .about = {.id = "br-san-underscore",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.12",
              .title = "A dNSName has no underscore"},
    .kinds = LINT_TLS,
    .check = check,
};
