/* TLS BR 2.2.6 §7.1.2.7.11: dataEncipherment is not recommended. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->usage & LINT_KU_DATA_ENCIPHERMENT)
        lint_found(out, "extensions.keyUsage", "has dataEncipherment");
}

const struct lint_rule lint_br_ku_data_encipherment = {
    .about = {.id = "br-ku-data-encipherment",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.7.11",
              .title = "dataEncipherment is not recommended"},
    .kinds = LINT_TLS,
    .check = check,
};
