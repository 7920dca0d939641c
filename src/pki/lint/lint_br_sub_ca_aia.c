/* TLS BR 2.2.6 §7.1.2.6: A subordinate CA should have authorityInfoAccess. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (!view->info_access.extension)
        lint_found(out, "extensions.authorityInfoAccess", "is absent");
}

const struct lint_rule lint_br_sub_ca_aia = {
    .about = {.id = "br-sub-ca-aia",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.6",
              .title = "A subordinate CA should have authorityInfoAccess"},
    .kinds = LINT_KIND(SUB_CA),
    .check = check,
};
