/* RFC 7633 §4: The TLS feature extension is a sequence of small integers. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_extension *extension = lint_extension(view->certificate, LINT_OID_TLS_FEATURE);
    struct der_reader features;
    if (!extension)
        return;
    bool valid = cx_is_ok(der_enter_only(extension->value, DER_SEQUENCE, &features)) &&
                 !der_at_end(&features);
    while (valid && !der_at_end(&features)) {
        int64_t feature = 0;
        valid = cx_is_ok(der_read_i64(&features, 0, UINT16_MAX, &feature));
    }
    if (!valid)
        lint_found(out, "extensions.tlsFeature", "is malformed");
}

const struct lint_rule lint_rfc7633_tls_feature_syntax = {
    .about = {.id = "rfc7633-tls-feature-syntax",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 7633 §4",
              .title = "The TLS feature extension is a sequence of small integers"},
    .kinds = LINT_ANY,
    .check = check,
};
