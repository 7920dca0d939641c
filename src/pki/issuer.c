/* From a CA certificate to what the builder needs of an issuer. */
#include "codec/der.h"
#include "pki/algorithm.h"
#include "pki/certificate.h"
#include "pki/constraint.h"
#include "pki/oid.h"

enum { KEY_CERT_SIGN = 1u << 5, PATH_LEN_MAX = 255 };

static cx_err not_a_ca(struct cx_diag *diag, const char *why)
{
    return cx_refuse(diag, CX_ERR(POLICY), "", "issuer-not-ca", "The certificate cannot issue: %s.",
                     why);
}

static cx_err read_basic_constraints(const struct pki_certificate *c, struct cx_diag *diag,
                                     struct pki_issuer *issuer)
{
    const struct pki_extension *extension =
        pki_certificate_extension(c, pki_oid(PKI_OID_BASIC_CONSTRAINTS));
    struct der_reader reader;
    bool ca = false;
    int64_t path_len = 0;
    if (!extension)
        return not_a_ca(diag, "it has no basicConstraints");
    CX_TRY(der_enter_only(extension->value, DER_SEQUENCE, &reader));
    if (der_next_is(&reader, DER_BOOLEAN))
        CX_TRY(der_read_bool(&reader, &ca));
    if (!ca)
        return not_a_ca(diag, "basicConstraints does not say CA");
    if (!der_at_end(&reader)) {
        CX_TRY(der_read_i64(&reader, 0, PATH_LEN_MAX, &path_len));
        issuer->path_len_set = true;
        issuer->path_len = (int)path_len;
    }
    return der_finish(&reader);
}

static cx_err read_key_usage(const struct pki_certificate *c, struct cx_diag *diag)
{
    const struct pki_extension *extension =
        pki_certificate_extension(c, pki_oid(PKI_OID_KEY_USAGE));
    struct der_reader reader;
    uint32_t bits = 0;
    if (!extension)
        return CX_OK;
    reader = der_reader(extension->value);
    CX_TRY(der_read_named_bits(&reader, &bits));
    CX_TRY(der_finish(&reader));
    return bits & KEY_CERT_SIGN ? CX_OK : not_a_ca(diag, "keyUsage does not say keyCertSign");
}

/* The issuer's own subjectKeyIdentifier where it has one: that is what its certificates must point
 * at. */
static cx_err read_key_id(struct arena *arena, const struct pki_certificate *c,
                          struct cx_bytes *ret_id)
{
    const struct pki_extension *extension =
        pki_certificate_extension(c, pki_oid(PKI_OID_SUBJECT_KEY_ID));
    uint8_t made[PKI_KEY_ID_LEN];
    if (!extension) {
        CX_TRY(pki_key_id(c->spki, made));
        return arena_copy(arena, CX_BYTES(made, sizeof(made)), ret_id);
    }
    struct der_reader reader = der_reader(extension->value);
    struct cx_bytes id = CX_BYTES_NONE;
    CX_TRY(der_read_octet_string(&reader, &id));
    CX_TRY(der_finish(&reader));
    *ret_id = id;
    return CX_OK;
}

cx_err pki_issuer_from_certificate(struct arena *arena, const struct pki_certificate *certificate,
                                   struct cx_diag *diag, struct pki_issuer *ret_issuer)
{
    struct pki_issuer issuer = {.subject_der = certificate->subject,
                                .spki = certificate->spki,
                                .not_after_us = certificate->not_after_us};
    CX_TRY(read_basic_constraints(certificate, diag, &issuer));
    CX_TRY(read_key_usage(certificate, diag));
    CX_TRY(read_key_id(arena, certificate, &issuer.key_id));
    if (cx_failed(pki_spki_key_type(certificate->spki, &issuer.key_type)))
        return not_a_ca(diag, "its key is of a kind that is not supported");
    CX_TRY(pki_constraints_read(arena, certificate, diag, &issuer.constraints,
                                &issuer.constraint_count));
    *ret_issuer = issuer;
    return CX_OK;
}
