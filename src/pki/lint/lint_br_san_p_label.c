/* TLS BR 2.2.6 §7.1.2.7.12, RFC 3492 §6.2: What follows "xn--" in a label is Punycode. */
#include "pki/lint/rule.h"
#include "pki/lint/text.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader names = der_reader(view->san.items);
    struct der_value name;
    while (lint_next(&names, &name)) {
        if (name.tag == LINT_GN_DNS && !lint_dns_punycode_valid(name.content))
            lint_found(out, "extensions.subjectAltName", "\"%s\"", lint_show(name.content).text);
    }
}

const struct lint_rule lint_br_san_p_label = {
    .about = {.id = "br-san-p-label",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.12, RFC 3492 §6.2",
              .title = "What follows \"xn--\" in a label is Punycode"},
    .kinds = LINT_TLS,
    .check = check,
};
