/* TLS BR 2.2.6 §7.1.3.2.2: An ECDSA signature uses the hash that belongs to the issuer's curve. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

/* The algorithm of an AlgorithmIdentifier. */
static bool first_oid(struct cx_bytes der, struct cx_bytes *ret_oid)
{
    struct der_reader reader;
    return cx_is_ok(der_enter_only(der, DER_SEQUENCE, &reader)) &&
           cx_is_ok(der_read_oid(&reader, ret_oid));
}

/* The named curve of a SubjectPublicKeyInfo. */
static bool second_oid(struct cx_bytes spki, struct cx_bytes *ret_oid)
{
    struct der_reader reader;
    struct der_reader algorithm;
    struct cx_bytes kind;
    return cx_is_ok(der_enter_only(spki, DER_SEQUENCE, &reader)) &&
           cx_is_ok(der_enter(&reader, DER_SEQUENCE, &algorithm)) &&
           cx_is_ok(der_read_oid(&algorithm, &kind)) && cx_is_ok(der_read_oid(&algorithm, ret_oid));
}

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct cx_bytes pairs[][2] = {{LINT_OID_P256, LINT_OID_ECDSA_SHA256},
                                        {LINT_OID_P384, LINT_OID_ECDSA_SHA384},
                                        {LINT_OID_P521, LINT_OID_ECDSA_SHA512}};
    struct cx_bytes curve;
    struct cx_bytes algorithm;
    if (!view->context->issuer || !second_oid(view->context->issuer->spki, &curve) ||
        !first_oid(view->certificate->tbs_signature_algorithm, &algorithm))
        return;
    bool ecdsa = false;
    bool paired = true;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        ecdsa = ecdsa || cx_bytes_eq(algorithm, pairs[i][1]);
        if (cx_bytes_eq(curve, pairs[i][0]))
            paired = cx_bytes_eq(algorithm, pairs[i][1]);
    }
    if (ecdsa && !paired)
        lint_found(out, "signature", "uses another hash than the issuer's curve asks for");
}

const struct lint_rule lint_br_signature_issuer_key = {
    .about = {.id = "br-signature-issuer-key",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.3.2.2",
              .title = "An ECDSA signature uses the hash that belongs to the issuer's curve"},
    .kinds = LINT_PROFILED,
    .check = check,
};
