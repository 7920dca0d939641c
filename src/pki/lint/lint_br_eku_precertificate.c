/* TLS BR 2.2.6 §7.1.2.7.10, §7.1.2.10.6: extKeyUsage does not name precertificate signing. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (lint_has_ext_key_usage(view, LINT_OID_PRECERTIFICATE_SIGNING))
        lint_found(out, "extensions.extKeyUsage", "names precertificate signing");
}

const struct lint_rule lint_br_eku_precertificate = {
    .about = {.id = "br-eku-precertificate",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.7.10, §7.1.2.10.6",
              .title = "extKeyUsage does not name precertificate signing"},
    .kinds = LINT_TLS | LINT_KIND(SUB_CA),
    .check = check,
};
