/* TLS BR 2.2.6 §7.1.2.11.1: authorityKeyIdentifier has no authorityCertIssuer and no authorityCertSerialNumber. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    struct der_reader fields = der_reader(view->aki.items);
    struct der_value field;
    while (lint_next(&fields, &field)) {
        if (field.tag == DER_CONTEXT_CONSTRUCTED(1))
            lint_found(out, "extensions.authorityKeyIdentifier", "has an authorityCertIssuer");
        if (field.tag == DER_CONTEXT(2))
            lint_found(out, "extensions.authorityKeyIdentifier",
                       "has an authorityCertSerialNumber");
    }
}

const struct lint_rule lint_br_aki_key_id_only = {
    .about =
        {.id = "br-aki-key-id-only",
         .source = PKI_LINT_BASELINE,
         .severity = PKI_LINT_ERROR,
         .citation = "TLS BR 2.2.6 §7.1.2.11.1",
         .title =
             "authorityKeyIdentifier has no authorityCertIssuer and no authorityCertSerialNumber"},
    .kinds = LINT_PROFILED,
    .check = check,
};
