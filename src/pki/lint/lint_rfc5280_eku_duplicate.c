/* RFC 5280 §4.2.1.12: No purpose is named twice. */
#include "pki/lint/rule.h"
#include "pki/lint/text.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    lint_check_repeated(view->ext_key_usage.items, "extensions.extKeyUsage", out);
}

const struct lint_rule lint_rfc5280_eku_duplicate = {
    .about = {.id = "rfc5280-eku-duplicate",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_WARN,
              .citation = "RFC 5280 §4.2.1.12",
              .title = "No purpose is named twice"},
    .kinds = LINT_ANY,
    .check = check,
};
