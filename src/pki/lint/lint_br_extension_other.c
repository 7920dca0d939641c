/* TLS BR 2.2.6 §7.1.2.7.6: Extensions outside the profile are not recommended. */
#include "pki/lint/rule.h"
#include "pki/lint/text.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    for (size_t i = 0; i < view->certificate->extension_count; i++) {
        if (!lint_extension_known(view->certificate->extensions[i].oid))
            lint_found(out, "extensions", "extension %zu is not in the profile", i + 1);
    }
}

const struct lint_rule lint_br_extension_other = {
    .about = {.id = "br-extension-other",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.7.6",
              .title = "Extensions outside the profile are not recommended"},
    .kinds = LINT_TLS,
    .check = check,
};
