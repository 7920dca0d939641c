/* TLS BR 2.2.6 §7.1.4.3: A commonName is a character-for-character copy of its dNSName. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

#include <strings.h>

/* Is the text a dNSName but for the case of its letters? */
static bool differs_in_case(const struct lint_view *view, struct cx_bytes text)
{
    struct der_reader names = der_reader(view->san.items);
    struct der_value name;
    bool alike = false;
    while (lint_next(&names, &name)) {
        if (name.tag != LINT_GN_DNS || name.content.len != text.len || text.len == 0)
            continue;
        if (cx_bytes_eq(name.content, text))
            return false;
        alike = alike ||
                strncasecmp((const char *)name.content.ptr, (const char *)text.ptr, text.len) == 0;
    }
    return alike;
}

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_value common_name;
    for (size_t i = 0; lint_subject_attribute(view, LINT_OID_COMMON_NAME, i, &common_name); i++) {
        if (differs_in_case(view, common_name.content))
            lint_found(out, "subject.commonName", "\"%s\" differs in case from its dNSName",
                       lint_show(common_name.content).text);
    }
}

const struct lint_rule lint_br_cn_exact = {
    .about = {.id = "br-cn-exact",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.4.3",
              .title = "A commonName is a character-for-character copy of its dNSName"},
    .kinds = LINT_TLS,
    .check = check,
};
