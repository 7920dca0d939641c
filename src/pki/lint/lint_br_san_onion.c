/* TLS BR 2.2.6 appendix B: A name below .onion is a version 3 onion address. */
#include "pki/lint/rule.h"
#include "pki/lint/text.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader names = der_reader(view->san.items);
    struct der_value name;
    while (lint_next(&names, &name)) {
        if (name.tag == LINT_GN_DNS && !lint_dns_onion_valid(name.content))
            lint_found(out, "extensions.subjectAltName", "\"%s\"", lint_show(name.content).text);
    }
}

const struct lint_rule lint_br_san_onion = {
    .about = {.id = "br-san-onion",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 appendix B",
              .title = "A name below .onion is a version 3 onion address"},
    .kinds = LINT_TLS,
    .check = check,
};
