/* TLS BR 2.2.6 §7.1.2.7.2, §7.1.2.7.3, §7.1.2.7.4: commonName in a subscriber certificate is not recommended. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_value common_name;
    if (lint_subject_attribute(view, LINT_OID_COMMON_NAME, 0, &common_name))
        lint_found(out, "subject.commonName", "is present");
}

const struct lint_rule lint_br_cn_not_recommended = {
    .about = {.id = "br-cn-not-recommended",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_NOTICE,
              .citation = "TLS BR 2.2.6 §7.1.2.7.2, §7.1.2.7.3, §7.1.2.7.4",
              .title = "commonName in a subscriber certificate is not recommended"},
    .kinds = LINT_TLS,
    .check = check,
};
