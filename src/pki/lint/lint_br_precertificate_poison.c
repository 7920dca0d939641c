/* TLS BR 2.2.6 §7.1.2.9.1, §7.1.2.9.3: The precertificate poison is critical, NULL and without timestamps. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_extension *poison = lint_extension(view->certificate, LINT_OID_CT_POISON);
    if (!poison)
        return;
    if (!poison->critical)
        lint_found(out, "extensions.precertificatePoison", "is not critical");
    if (!cx_bytes_eq(poison->value, CX_BYTES("\x05\x00", 2)))
        lint_found(out, "extensions.precertificatePoison", "is not NULL");
    if (lint_extension(view->certificate, LINT_OID_SCT_LIST))
        lint_found(out, "extensions.precertificatePoison", "stands beside timestamps");
}

const struct lint_rule lint_br_precertificate_poison = {
    .about = {.id = "br-precertificate-poison",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.9.1, §7.1.2.9.3",
              .title = "The precertificate poison is critical, NULL and without timestamps"},
    .kinds = LINT_TLS,
    .check = check,
};
