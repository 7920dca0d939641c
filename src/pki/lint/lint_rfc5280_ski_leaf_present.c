/* RFC 5280 §4.2.1.2: End-entity certificates should have subjectKeyIdentifier. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    /* BR §7.1.2.7.6 says NOT RECOMMENDED of the same extension, and wins where it applies. */
    if (!view->ski.extension && !view->baseline)
        lint_found(out, "extensions.subjectKeyIdentifier", "is absent");
}

const struct lint_rule lint_rfc5280_ski_leaf_present = {
    .about = {.id = "rfc5280-ski-leaf-present",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_NOTICE,
              .citation = "RFC 5280 §4.2.1.2",
              .title = "End-entity certificates should have subjectKeyIdentifier"},
    .kinds = LINT_LEAF,
    .check = check,
};
