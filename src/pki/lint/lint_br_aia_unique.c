/* TLS BR 2.2.6 §7.1.2.7.7, §7.1.2.10.3: No access description appears twice. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    enum { COMPARED_MAX = 64 }; /* more are compared with the first ones only */
    struct cx_bytes seen[COMPARED_MAX];
    size_t count = 0;
    struct der_reader descriptions = der_reader(view->info_access.items);
    struct der_value description;
    while (lint_next(&descriptions, &description)) {
        for (size_t i = 0; i < count; i++) {
            if (cx_bytes_eq(seen[i], description.whole)) {
                lint_found(out, "extensions.authorityInfoAccess", "a location appears twice");
                return;
            }
        }
        if (count < COMPARED_MAX)
            seen[count++] = description.whole;
    }
}

const struct lint_rule lint_br_aia_unique = {
    .about = {.id = "br-aia-unique",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.7, §7.1.2.10.3",
              .title = "No access description appears twice"},
    .kinds = LINT_PROFILED,
    .check = check,
};
