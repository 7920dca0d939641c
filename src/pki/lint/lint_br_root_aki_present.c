/* TLS BR 2.2.6 §7.1.2.1.2: authorityKeyIdentifier in a root is recommended. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!view->aki.extension)
        lint_found(out, "extensions.authorityKeyIdentifier", "is absent");
}

const struct lint_rule lint_br_root_aki_present = {
    .about = {.id = "br-root-aki-present",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.1.2",
              .title = "authorityKeyIdentifier in a root is recommended"},
    .kinds = LINT_KIND(ROOT_CA),
    .check = check,
};
