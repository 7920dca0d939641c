/* Certificates (RFC 5280 §4.1) and certification requests (RFC 2986 §4). */
#include "cli/inspect.h"

#include "base/cleanup.h"
#include "pki/certificate.h"
#include "pki/oid.h"

static const char *const key_usages[] = {"digitalSignature", "nonRepudiation", "keyEncipherment",
                                         "dataEncipherment", "keyAgreement",   "keyCertSign",
                                         "cRLSign",          "encipherOnly",   "decipherOnly"};

static cx_err add_text(json_t *list, const char *text)
{
    return json_array_append_new(list, json_string(text)) == 0 ? CX_OK : CX_ERR(NOMEM);
}

static cx_err key_usage(json_t *object, struct cx_bytes der)
{
    struct der_reader reader = der_reader(der);
    uint32_t bits = 0;
    CX_TRY(der_read_named_bits(&reader, &bits));
    CX_TRY(inspect_set(object, "key_usage", json_array()));
    for (size_t i = 0; i < sizeof(key_usages) / sizeof(key_usages[0]); i++)
        if (bits >> i & 1)
            CX_TRY(add_text(json_object_get(object, "key_usage"), key_usages[i]));
    return CX_OK;
}

static cx_err ext_key_usage(json_t *object, struct cx_bytes der)
{
    struct der_reader reader;
    struct cx_bytes oid;
    char text[DER_OID_TEXT_MAX];
    CX_TRY(der_enter_only(der, DER_SEQUENCE, &reader));
    CX_TRY(inspect_set(object, "ext_key_usage", json_array()));
    while (!der_at_end(&reader)) {
        CX_TRY(der_read_oid(&reader, &oid));
        CX_TRY(der_oid_to_text(oid, text));
        CX_TRY(add_text(json_object_get(object, "ext_key_usage"), text));
    }
    return CX_OK;
}

static cx_err basic_constraints(json_t *object, struct cx_bytes der)
{
    struct der_reader reader;
    bool ca = false;
    int64_t path_len = 0;
    CX_TRY(der_enter_only(der, DER_SEQUENCE, &reader));
    if (der_next_is(&reader, DER_BOOLEAN))
        CX_TRY(der_read_bool(&reader, &ca));
    CX_TRY(inspect_set(object, "ca", json_boolean(ca)));
    if (der_at_end(&reader))
        return CX_OK;
    CX_TRY(der_read_i64(&reader, 0, INT32_MAX, &path_len));
    return inspect_set(object, "path_length", json_integer(path_len));
}

/* What a person looks for is read; the rest is named by its identifier. */
static cx_err extension(struct cli *cli, json_t *object, struct cx_bytes oid, bool critical,
                        struct cx_bytes value)
{
    json_t *row = json_object();
    if (!row || json_array_append_new(json_object_get(object, "extensions"), row) != 0)
        return CX_ERR(NOMEM);
    CX_TRY(inspect_oid_name(row, "name", oid));
    CX_TRY(inspect_oid(row, "oid", oid));
    CX_TRY(inspect_set(row, "critical", json_boolean(critical)));
    if (pki_oid_is(oid, PKI_OID_SUBJECT_ALT_NAME))
        return inspect_alt_names(cli, object, value);
    if (pki_oid_is(oid, PKI_OID_KEY_USAGE))
        return key_usage(object, value);
    if (pki_oid_is(oid, PKI_OID_EXT_KEY_USAGE))
        return ext_key_usage(object, value);
    if (pki_oid_is(oid, PKI_OID_BASIC_CONSTRAINTS))
        return basic_constraints(object, value);
    return CX_OK;
}

cx_err inspect_certificate(struct cli *cli, struct cx_bytes der, json_t *object)
{
    struct pki_certificate certificate;
    CX_TRY(pki_certificate_parse(der, &cli->diag, &certificate));
    CX_TRY(inspect_name(cli, object, "subject", certificate.subject));
    CX_TRY(inspect_name(cli, object, "issuer", certificate.issuer));
    CX_TRY(inspect_set(object, "version", json_integer(certificate.version)));
    CX_TRY(inspect_hex(object, "serial", certificate.serial));
    CX_TRY(inspect_time(object, "not_before", certificate.not_before_us));
    CX_TRY(inspect_time(object, "not_after", certificate.not_after_us));
    CX_TRY(inspect_public_key(object, certificate.spki));
    CX_TRY(inspect_signature_algorithm(object, certificate.signature_algorithm));
    CX_TRY(inspect_sha256(object, "sha256", der));
    CX_TRY(inspect_set(object, "extensions", json_array()));
    for (size_t i = 0; i < certificate.extension_count; i++)
        CX_TRY(extension(cli, object, certificate.extensions[i].oid,
                         certificate.extensions[i].critical, certificate.extensions[i].value));
    return CX_OK;
}

/* Extensions ::= SEQUENCE OF SEQUENCE { OID, critical DEFAULT FALSE, OCTET STRING } */
static cx_err requested_extensions(struct cli *cli, struct cx_bytes der, json_t *object)
{
    struct der_reader list, one;
    CX_TRY(der_enter_only(der, DER_SEQUENCE, &list));
    while (!der_at_end(&list)) {
        struct cx_bytes oid, value;
        bool critical = false;
        CX_TRY(der_enter(&list, DER_SEQUENCE, &one));
        CX_TRY(der_read_oid(&one, &oid));
        if (der_next_is(&one, DER_BOOLEAN))
            CX_TRY(der_read_bool(&one, &critical));
        CX_TRY(der_read_octet_string(&one, &value));
        CX_TRY(der_finish(&one));
        CX_TRY(extension(cli, object, oid, critical, value));
    }
    return CX_OK;
}

static cx_err attributes(struct cli *cli, struct der_reader *info, json_t *object)
{
    struct der_reader list, one, values;
    CX_TRY(inspect_set(object, "extensions", json_array()));
    CX_TRY(der_enter(info, DER_CONTEXT_CONSTRUCTED(0), &list));
    while (!der_at_end(&list)) {
        struct cx_bytes oid, whole;
        CX_TRY(der_enter(&list, DER_SEQUENCE, &one));
        CX_TRY(der_read_oid(&one, &oid));
        CX_TRY(der_enter(&one, DER_SET, &values));
        CX_TRY(der_finish(&one));
        if (!pki_oid_is(oid, PKI_OID_EXTENSION_REQUEST))
            continue; /* a challenge password is nobody's business on a screen */
        CX_TRY(der_read_whole(&values, DER_SEQUENCE, &whole));
        CX_TRY(requested_extensions(cli, whole, object));
    }
    return CX_OK;
}

cx_err inspect_csr(struct cli *cli, struct cx_bytes der, json_t *object)
{
    struct der_reader whole, info;
    struct cx_bytes subject, spki, algorithm, signature;
    int64_t version = 0;
    unsigned unused = 0;
    CX_TRY(der_enter_only(der, DER_SEQUENCE, &whole));
    CX_TRY(der_enter(&whole, DER_SEQUENCE, &info));
    CX_TRY(der_read_i64(&info, 0, 0, &version));
    CX_TRY(der_read_whole(&info, DER_SEQUENCE, &subject));
    CX_TRY(der_read_whole(&info, DER_SEQUENCE, &spki));
    CX_TRY(inspect_name(cli, object, "subject", subject));
    CX_TRY(inspect_public_key(object, spki));
    CX_TRY(attributes(cli, &info, object));
    CX_TRY(der_finish(&info));
    CX_TRY(der_read_whole(&whole, DER_SEQUENCE, &algorithm));
    CX_TRY(der_read_bit_string(&whole, &signature, &unused));
    CX_TRY(der_finish(&whole));
    return inspect_signature_algorithm(object, algorithm);
}
