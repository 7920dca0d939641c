/* TLS BR 2.2.6 §7.1.2.7.6, §7.1.2.1.2, §7.1.2.6, §7.1.2.8.2: Extensions outside the profile are not recommended. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

/* Those that another rule forbids or regrets are not told of twice. */
static bool profiled(struct cx_bytes oid, uint32_t kind)
{
    const struct {
        struct cx_bytes oid;
        uint32_t kinds;
    } table[] = {{LINT_OID_AKI, LINT_PROFILED},
                 {LINT_OID_SKI, LINT_PROFILED},
                 {LINT_OID_KEY_USAGE, LINT_PROFILED},
                 {LINT_OID_BASIC_CONSTRAINTS, LINT_PROFILED},
                 {LINT_OID_POLICIES, LINT_PROFILED},
                 {LINT_OID_EXT_KEY_USAGE, LINT_PROFILED},
                 {LINT_OID_CRL_POINTS, LINT_PROFILED},
                 {LINT_OID_SCT_LIST, LINT_PROFILED},
                 {LINT_OID_NAME_CONSTRAINTS, LINT_PROFILED & ~LINT_KIND(ROOT_CA)},
                 {LINT_OID_INFO_ACCESS, LINT_PROFILED & ~LINT_KIND(ROOT_CA)},
                 {LINT_OID_SAN, LINT_TLS | LINT_KIND(OCSP_SIGNER)},
                 {LINT_OID_OCSP_NOCHECK, LINT_KIND(OCSP_SIGNER)},
                 {LINT_OID_CT_POISON, LINT_TLS}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (cx_bytes_eq(table[i].oid, oid))
            return (table[i].kinds & kind) != 0;
    }
    return false;
}

static void check(const struct lint_view *view, struct lint_out *out)
{
    for (size_t i = 0; i < view->certificate->extension_count; i++) {
        if (!profiled(view->certificate->extensions[i].oid, UINT32_C(1) << view->context->kind))
            lint_found(out, "extensions", "extension %zu is not in the profile", i + 1);
    }
}

const struct lint_rule lint_br_extension_other = {
    .about = {.id = "br-extension-other",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_WARN,
              .citation = "TLS BR 2.2.6 §7.1.2.7.6, §7.1.2.1.2, §7.1.2.6, §7.1.2.8.2",
              .title = "Extensions outside the profile are not recommended"},
    .kinds = LINT_PROFILED,
    .check = check,
};
