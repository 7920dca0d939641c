/* Reading a certificate: RFC 5280 §4.1 in DER, nothing else. Content of extensions is read by those
 * who need it. */
#include "codec/der.h"
#include "pki/algorithm.h"
#include "pki/certificate.h"
#include "pki/general_name.h"
#include "pki/oid.h"

static cx_err malformed(struct cx_diag *diag, const char *what)
{
    return cx_refuse(diag, CX_ERR(PARSE), "", "certificate-encoding",
                     "Not a valid certificate: %s.", what);
}

static cx_err parse_extension(struct der_reader *list, struct pki_extension *ret_extension)
{
    struct der_reader reader;
    struct pki_extension extension = {.critical = false};
    CX_TRY(der_enter(list, DER_SEQUENCE, &reader));
    CX_TRY(der_read_oid(&reader, &extension.oid));
    if (der_next_is(&reader, DER_BOOLEAN)) {
        CX_TRY(der_read_bool(&reader, &extension.critical));
        if (!extension.critical) /* X.690 §11.5: a DEFAULT value is not encoded */
            return CX_ERR(PARSE);
    }
    CX_TRY(der_read_octet_string(&reader, &extension.value));
    CX_TRY(der_finish(&reader));
    *ret_extension = extension;
    return CX_OK;
}

static cx_err parse_extensions(struct der_reader *tbs, struct cx_diag *diag,
                               struct pki_certificate *c)
{
    struct der_reader outer;
    struct der_reader list;
    CX_TRY(der_enter(tbs, DER_CONTEXT_CONSTRUCTED(3), &outer));
    CX_TRY(der_enter(&outer, DER_SEQUENCE, &list));
    CX_TRY(der_finish(&outer));
    if (c->version != 3 || der_at_end(&list))
        return malformed(diag, "extensions need version 3 and at least one");
    while (!der_at_end(&list)) {
        struct pki_extension extension;
        if (c->extension_count == PKI_EXTENSIONS_MAX)
            return cx_refuse(diag, CX_ERR(LIMIT), "", "certificate-extensions",
                             "More than %d extensions.", PKI_EXTENSIONS_MAX);
        CX_TRY(parse_extension(&list, &extension));
        /* RFC 5280 §4.2: MUST NOT include more than one instance of a particular extension. */
        if (pki_certificate_extension(c, extension.oid))
            return malformed(diag, "an extension is there twice");
        c->extensions[c->extension_count++] = extension;
    }
    return CX_OK;
}

static cx_err parse_version(struct der_reader *tbs, struct pki_certificate *c)
{
    struct der_reader inner;
    int64_t version = 0;
    c->version = 1;
    if (!der_next_is(tbs, DER_CONTEXT_CONSTRUCTED(0)))
        return CX_OK;
    CX_TRY(der_enter(tbs, DER_CONTEXT_CONSTRUCTED(0), &inner));
    CX_TRY(der_read_i64(&inner, 1, 2, &version)); /* v1 is the default and therefore not encoded */
    CX_TRY(der_finish(&inner));
    c->version = (int)version + 1;
    return CX_OK;
}

/* issuerUniqueID and subjectUniqueID: nobody writes them, RFC 5280 §4.1.2.8 wants them read. */
static cx_err skip_unique_ids(struct der_reader *tbs, const struct pki_certificate *c)
{
    for (uint8_t i = 1; i <= 2; i++) {
        struct cx_bytes content;
        struct cx_bytes bits;
        unsigned unused = 0;
        if (!der_next_is(tbs, DER_CONTEXT(i)))
            continue;
        if (c->version < 2)
            return CX_ERR(PARSE);
        CX_TRY(der_read(tbs, DER_CONTEXT(i), &content));
        CX_TRY(der_bits_parse(content, &bits, &unused));
    }
    return CX_OK;
}

static cx_err parse_tbs(struct cx_diag *diag, struct pki_certificate *c)
{
    struct der_reader tbs;
    struct der_reader validity;
    CX_TRY(der_enter_only(c->tbs, DER_SEQUENCE, &tbs));
    CX_TRY(parse_version(&tbs, c));
    CX_TRY(der_read_integer(&tbs, &c->serial));
    if (c->serial.len > PKI_SERIAL_MAX) /* RFC 5280 §4.1.2.2 */
        return malformed(diag, "the serial number is longer than 20 octets");
    CX_TRY(der_read_whole(&tbs, DER_SEQUENCE, &c->tbs_signature_algorithm));
    CX_TRY(der_read_whole(&tbs, DER_SEQUENCE, &c->issuer));
    CX_TRY(der_enter(&tbs, DER_SEQUENCE, &validity));
    CX_TRY(der_read_time(&validity, &c->not_before_us));
    CX_TRY(der_read_time(&validity, &c->not_after_us));
    CX_TRY(der_finish(&validity));
    CX_TRY(der_read_whole(&tbs, DER_SEQUENCE, &c->subject));
    CX_TRY(der_read_whole(&tbs, DER_SEQUENCE, &c->spki));
    CX_TRY(skip_unique_ids(&tbs, c));
    if (!der_at_end(&tbs))
        CX_TRY(parse_extensions(&tbs, diag, c));
    return der_finish(&tbs);
}

static cx_err parse(struct cx_bytes der, struct cx_diag *diag, struct pki_certificate *c)
{
    struct der_reader reader;
    unsigned unused = 0;
    c->der = der;
    CX_TRY(der_enter_only(der, DER_SEQUENCE, &reader));
    CX_TRY(der_read_whole(&reader, DER_SEQUENCE, &c->tbs));
    CX_TRY(der_read_whole(&reader, DER_SEQUENCE, &c->signature_algorithm));
    CX_TRY(der_read_bit_string(&reader, &c->signature, &unused));
    CX_TRY(der_finish(&reader));
    if (unused != 0)
        return CX_ERR(PARSE);
    return parse_tbs(diag, c);
}

cx_err pki_certificate_parse(struct cx_bytes der, struct cx_diag *diag,
                             struct pki_certificate *ret_certificate)
{
    struct pki_certificate certificate = {0};
    if (der.len > PKI_CERTIFICATE_MAX)
        return cx_refuse(diag, CX_ERR(LIMIT), "", "certificate-size",
                         "The certificate is larger than %d octets.", PKI_CERTIFICATE_MAX);
    cx_err err = parse(der, diag, &certificate);
    if (cx_failed(err)) /* a refusal that was explained already stays as it is */
        return cx_refuse(diag, err, "", "certificate-encoding",
                         "Not a valid certificate: it is not DER as RFC 5280 wants it.");
    *ret_certificate = certificate;
    return CX_OK;
}

const struct pki_extension *pki_certificate_extension(const struct pki_certificate *certificate,
                                                      struct cx_bytes oid)
{
    for (size_t i = 0; i < certificate->extension_count; i++)
        if (cx_bytes_eq(certificate->extensions[i].oid, oid))
            return &certificate->extensions[i];
    return NULL;
}
