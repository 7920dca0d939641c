/* TLS BR 2.2.6 §7.1.2.7.12, RFC 5890 §2.3.1: A label with hyphens in third and fourth place is an A-label ("xn--"). */
#include "pki/lint/rule.h"
#include "pki/lint/text.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader names = der_reader(view->san.items);
    struct der_value name;
    while (lint_next(&names, &name)) {
        if (name.tag == LINT_GN_DNS && lint_dns_reserved_ldh(name.content))
            lint_found(out, "extensions.subjectAltName", "\"%s\"", lint_show(name.content).text);
    }
}

const struct lint_rule lint_br_san_r_ldh = {
    .about = {.id = "br-san-r-ldh",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.12, RFC 5890 §2.3.1",
              .title = "A label with hyphens in third and fourth place is an A-label (\"xn--\")"},
    .kinds = LINT_TLS,
    .check = check,
};
