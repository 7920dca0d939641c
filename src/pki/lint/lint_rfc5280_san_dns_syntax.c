/* RFC 5280 §4.2.1.6, RFC 1034 §3.5: A dNSName is in the preferred name syntax, at most 253 octets; "*" may be its first label. */
#include "pki/lint/rule.h"
#include "pki/lint/text.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader names = der_reader(view->san.items);
    struct der_value name;
    while (lint_next(&names, &name)) {
        if (name.tag == LINT_GN_DNS && !lint_dns_valid(name.content))
            lint_found(out, "extensions.subjectAltName", "\"%s\"", lint_show(name.content).text);
    }
}

const struct lint_rule lint_rfc5280_san_dns_syntax = {
    .about = {.id = "rfc5280-san-dns-syntax",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.6, RFC 1034 §3.5",
              .title = "A dNSName is in the preferred name syntax, at most 253 octets; \"*\" may "
                       "be its first label"},
    .kinds = LINT_ANY,
    .check = check,
};
