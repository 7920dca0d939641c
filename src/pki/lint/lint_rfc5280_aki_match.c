/* RFC 5280 §4.2.1.1: The authority's keyIdentifier equals the issuer's subjectKeyIdentifier. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_certificate *issuer = view->context->issuer;
    const struct pki_extension *extension = issuer ? lint_extension(issuer, LINT_OID_SKI) : NULL;
    if (!extension || view->authority_key_id.len == 0)
        return;
    struct der_reader reader = der_reader(extension->value);
    struct cx_bytes key_id;
    if (cx_is_ok(der_read_octet_string(&reader, &key_id)) &&
        !cx_bytes_eq(key_id, view->authority_key_id))
        lint_found(out, "extensions.authorityKeyIdentifier", "names another key than the issuer's");
}

const struct lint_rule lint_rfc5280_aki_match = {
    .about = {.id = "rfc5280-aki-match",
              .source = PKI_LINT_RFC5280,
              .severity = PKI_LINT_ERROR,
              .citation = "RFC 5280 §4.2.1.1",
              .title = "The authority's keyIdentifier equals the issuer's subjectKeyIdentifier"},
    .kinds = LINT_ANY,
    .check = check,
};
