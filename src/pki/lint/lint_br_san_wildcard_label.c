/* TLS BR 2.2.6 §3.2.2.6: An asterisk is the whole leftmost label. */
#include "pki/lint/rule.h"
#include "pki/lint/text.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader names = der_reader(view->san.items);
    struct der_value name;
    while (lint_next(&names, &name)) {
        if (name.tag == LINT_GN_DNS && !lint_wildcard_valid(name.content))
            lint_found(out, "extensions.subjectAltName", "\"%s\"", lint_show(name.content).text);
    }
}

const struct lint_rule lint_br_san_wildcard_label = {
    .about = {.id = "br-san-wildcard-label",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §3.2.2.6",
              .title = "An asterisk is the whole leftmost label"},
    .kinds = LINT_TLS,
    .check = check,
};
