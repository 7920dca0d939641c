/* TLS BR 2.2.6 §7.1.2.10.7: keyUsage of a CA has keyCertSign and cRLSign, and besides at most digitalSignature. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    uint32_t needed = LINT_KU_CERT_SIGN | LINT_KU_CRL_SIGN;
    uint32_t allowed = needed | LINT_KU_DIGITAL_SIGNATURE;
    if (!view->key_usage.well_formed)
        return;
    if ((view->usage & needed) != needed)
        lint_found(out, "extensions.keyUsage", "lacks keyCertSign or cRLSign");
    if (view->usage & ~allowed)
        lint_found(out, "extensions.keyUsage", "has bits 0x%x", view->usage & ~allowed);
}

const struct lint_rule lint_br_ca_key_usage = {
    .about =
        {.id = "br-ca-key-usage",
         .source = PKI_LINT_BASELINE,
         .severity = PKI_LINT_ERROR,
         .citation = "TLS BR 2.2.6 §7.1.2.10.7",
         .title =
             "keyUsage of a CA has keyCertSign and cRLSign, and besides at most digitalSignature"},
    .kinds = LINT_CA,
    .check = check,
};
