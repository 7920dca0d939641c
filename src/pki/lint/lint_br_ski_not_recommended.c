/* TLS BR 2.2.6 §7.1.2.7.6: subjectKeyIdentifier in a subscriber certificate is not recommended. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->ski.extension)
        lint_found(out, "extensions.subjectKeyIdentifier", "is present");
}

const struct lint_rule lint_br_ski_not_recommended = {
    .about = {.id = "br-ski-not-recommended",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_NOTICE,
              .citation = "TLS BR 2.2.6 §7.1.2.7.6",
              .title = "subjectKeyIdentifier in a subscriber certificate is not recommended"},
    .kinds = LINT_TLS,
    .check = check,
};
