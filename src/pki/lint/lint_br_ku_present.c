/* TLS BR 2.2.6 §7.1.2.7.6: keyUsage should be present. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!view->key_usage.extension)
        lint_found(out, "extensions.keyUsage", "is absent");
}

const struct lint_rule lint_br_ku_present = {
    .about = {.id = "br-ku-present",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.7.6",
              .title = "keyUsage should be present"},
    .kinds = LINT_TLS,
    .check = check,
};
