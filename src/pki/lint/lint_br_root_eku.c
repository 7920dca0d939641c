/* TLS BR 2.2.6 §7.1.2.1.2: A root has no extKeyUsage. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->ext_key_usage.extension)
        lint_found(out, "extensions.extKeyUsage", "is present");
}

const struct lint_rule lint_br_root_eku = {
    .about = {.id = "br-root-eku",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.1.2",
              .title = "A root has no extKeyUsage"},
    .kinds = LINT_KIND(ROOT_CA),
    .check = check,
};
