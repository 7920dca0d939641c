/* TLS BR 2.2.6 §7.1.4.3: A commonName is one of the names in subjectAltName. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"
#include "pki/lint/text.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_value common_name;
    for (size_t i = 0; lint_subject_attribute(view, LINT_OID_COMMON_NAME, i, &common_name); i++) {
        if (!lint_san_has(view, common_name.content))
            lint_found(out, "subject.commonName", "\"%s\" is not in subjectAltName",
                       lint_show(common_name.content).text);
    }
}

const struct lint_rule lint_br_cn_in_san = {
    .about = {.id = "br-cn-in-san",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.4.3",
              .title = "A commonName is one of the names in subjectAltName"},
    .kinds = LINT_TLS,
    .check = check,
};
