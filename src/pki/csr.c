#include "pki/csr.h"
#include "codec/der_write.h"
#include "crypto/csr_openssl.h"
#include "pki/algorithm.h"
#include "pki/general_name.h"
#include "pki/name.h"
#include "pki/oid.h"
#include "pki/subject.h"
#include "pki/tbs.h"
#include "pki/verify.h"

struct csr_reader {
    struct arena *arena;
    struct cx_diag *diag;
    struct pki_csr *csr;
    uint32_t seen; /* extensions, by 1 << place in the table of readers */
};

static cx_err refuse(const struct csr_reader *r, cx_err err, const char *field, const char *rule,
                     const char *text)
{
    return cx_refuse(r->diag, err, field, rule, "%s", text);
}

static cx_err refuse_oid(const struct csr_reader *r, const char *field, const char *rule,
                         const char *what, struct cx_bytes oid)
{
    char dotted[DER_OID_TEXT_MAX] = "?";
    CX_IGNORE(der_oid_to_text(oid, dotted)); /* the text is for the diagnostic only */
    return cx_refuse(r->diag, CX_ERR(POLICY), field, rule,
                     "The request has an %s that is not supported: %s.", what, dotted);
}

static cx_err read_names(struct csr_reader *r, struct cx_bytes value)
{
    const struct pki_name *raw = NULL;
    struct pki_name *names = NULL;
    size_t count = 0;
    r->csr->names_der = value;
    CX_TRY(pki_general_names_parse(r->arena, value, "/csr/names", r->diag, &raw, &count));
    CX_TRY(ARENA_NEW_ARRAY(r->arena, count, &names));
    for (size_t i = 0; i < count; i++) {
        char field[40];
        snprintf(field, sizeof(field), "/csr/names/%zu", i);
        if (raw[i].kind == PKI_NAME_IP) {
            names[i] = raw[i];
            CX_TRY(pki_name_check(&names[i], field, r->diag));
        } else {
            struct cx_str text = {(const char *)raw[i].value.ptr, raw[i].value.len};
            CX_TRY(pki_name_parse(r->arena, raw[i].kind, text, field, r->diag, &names[i]));
        }
    }
    r->csr->names = names;
    r->csr->name_count = count;
    return CX_OK;
}

static cx_err read_key_usage(struct csr_reader *r, struct cx_bytes value)
{
    struct der_reader reader = der_reader(value);
    CX_TRY(der_read_named_bits(&reader, &r->csr->key_usage));
    r->csr->has_key_usage = true;
    return der_finish(&reader);
}

static cx_err read_ext_key_usage(struct csr_reader *r, struct cx_bytes value)
{
    struct der_reader reader;
    struct cx_str *usages = NULL;
    size_t count = 0;
    CX_TRY(der_enter_only(value, DER_SEQUENCE, &reader));
    CX_TRY(ARENA_NEW_ARRAY(r->arena, PKI_PROFILE_LIST_MAX, &usages));
    for (; !der_at_end(&reader); count++) {
        struct cx_bytes oid;
        char dotted[DER_OID_TEXT_MAX];
        if (count == PKI_PROFILE_LIST_MAX)
            return CX_ERR(LIMIT);
        CX_TRY(der_read_oid(&reader, &oid));
        CX_TRY(der_oid_to_text(oid, dotted));
        CX_TRY(arena_copy_str(r->arena, cx_str_from(dotted), &usages[count]));
    }
    r->csr->ext_key_usage = usages;
    r->csr->ext_key_usage_count = count;
    return count ? CX_OK : CX_ERR(PARSE);
}

static cx_err read_basic_constraints(struct csr_reader *r, struct cx_bytes value)
{
    struct der_reader reader;
    int64_t path_len = 0; /* the profile or the ceremony decides; a request's wish is not used */
    CX_TRY(der_enter_only(value, DER_SEQUENCE, &reader));
    if (der_next_is(&reader, DER_BOOLEAN))
        CX_TRY(der_read_bool(&reader, &r->csr->ca));
    if (r->csr->ca && !der_at_end(&reader))
        CX_TRY(der_read_i64(&reader, 0, 255, &path_len));
    r->csr->has_basic_constraints = true;
    return der_finish(&reader);
}

static const struct {
    enum pki_oid oid;
    cx_err (*read)(struct csr_reader *r, struct cx_bytes value);
} extension_readers[] = {
    {PKI_OID_SUBJECT_ALT_NAME, read_names},
    {PKI_OID_KEY_USAGE, read_key_usage},
    {PKI_OID_EXT_KEY_USAGE, read_ext_key_usage},
    {PKI_OID_BASIC_CONSTRAINTS, read_basic_constraints},
};
enum { EXTENSION_READER_COUNT = sizeof(extension_readers) / sizeof(extension_readers[0]) };

static cx_err read_extension(struct csr_reader *r, struct der_reader *list)
{
    struct der_reader reader;
    struct cx_bytes oid;
    struct cx_bytes value;
    bool critical = false; /* the profile decides what is critical */
    CX_TRY(der_enter(list, DER_SEQUENCE, &reader));
    CX_TRY(der_read_oid(&reader, &oid));
    if (der_next_is(&reader, DER_BOOLEAN))
        CX_TRY(der_read_bool(&reader, &critical));
    CX_TRY(der_read_octet_string(&reader, &value));
    CX_TRY(der_finish(&reader));
    for (size_t i = 0; i < EXTENSION_READER_COUNT; i++) {
        if (!pki_oid_is(oid, extension_readers[i].oid))
            continue;
        if (r->seen & 1u << i)
            return refuse(r, CX_ERR(PARSE), "/csr/extensions", "csr-extension-duplicate",
                          "An extension is requested twice.");
        r->seen |= 1u << i;
        return extension_readers[i].read(r, value);
    }
    return refuse_oid(r, "/csr/extensions", "csr-extension-unsupported", "extension", oid);
}

/* Attribute { extensionRequest, SET { Extensions } } (RFC 2985 §5.4.2); one at most. */
static cx_err read_attributes(struct csr_reader *r, struct der_reader *attributes)
{
    bool seen = false;
    while (!der_at_end(attributes)) {
        struct der_reader attribute;
        struct der_reader values;
        struct der_reader list;
        struct cx_bytes oid;
        CX_TRY(der_enter(attributes, DER_SEQUENCE, &attribute));
        CX_TRY(der_read_oid(&attribute, &oid));
        if (!pki_oid_is(oid, PKI_OID_EXTENSION_REQUEST))
            return refuse_oid(r, "/csr/attributes", "csr-attribute-unsupported", "attribute", oid);
        if (seen)
            return refuse(r, CX_ERR(PARSE), "/csr/attributes", "csr-attribute-duplicate",
                          "The request has two extension requests.");
        seen = true;
        CX_TRY(der_enter(&attribute, DER_SET, &values));
        CX_TRY(der_finish(&attribute));
        CX_TRY(der_enter(&values, DER_SEQUENCE, &list));
        CX_TRY(der_finish(&values));
        while (!der_at_end(&list))
            CX_TRY(read_extension(r, &list));
    }
    return CX_OK;
}

static cx_err read_info(struct csr_reader *r)
{
    struct pki_csr *csr = r->csr;
    struct der_reader info;
    struct der_reader attributes;
    int64_t version = 0;
    CX_TRY(der_enter_only(csr->info, DER_SEQUENCE, &info));
    CX_TRY(der_read_i64(&info, 0, 0, &version));
    CX_TRY(der_read_whole(&info, DER_SEQUENCE, &csr->subject_der));
    CX_TRY(der_read_whole(&info, DER_SEQUENCE, &csr->spki));
    if (cx_failed(pki_spki_key_type(csr->spki, &csr->key_type)))
        return refuse(r, CX_ERR(POLICY), "/csr/public_key", "csr-key-unsupported",
                      "The public key is of a kind or in an encoding that is not supported.");
    CX_TRY(pki_subject_parse(r->arena, csr->subject_der, "/csr/subject", r->diag, &csr->subject,
                             &csr->subject_count));
    if (der_at_end(&info)) /* RFC 2986 has the field always; many writers leave an empty one out */
        return CX_OK;
    CX_TRY(der_enter(&info, DER_CONTEXT_CONSTRUCTED(0), &attributes));
    CX_TRY(der_finish(&info));
    return read_attributes(r, &attributes);
}

static cx_err read_csr(struct csr_reader *r)
{
    struct der_reader reader;
    unsigned unused = 0;
    CX_TRY(der_enter_only(r->csr->der, DER_SEQUENCE, &reader));
    CX_TRY(der_read_whole(&reader, DER_SEQUENCE, &r->csr->info));
    CX_TRY(der_read_whole(&reader, DER_SEQUENCE, &r->csr->signature_algorithm));
    CX_TRY(der_read_bit_string(&reader, &r->csr->signature, &unused));
    CX_TRY(der_finish(&reader));
    if (unused != 0)
        return CX_ERR(PARSE);
    return read_info(r);
}

static cx_err ask_openssl(struct csr_reader *r)
{
    struct crypto_csr other;
    CX_TRY(crypto_csr_read(r->arena, r->csr->der, &other));
    if (!cx_bytes_eq(other.spki, r->csr->spki) ||
        !cx_bytes_eq(other.subject, r->csr->subject_der) ||
        !cx_bytes_eq(other.names, r->csr->names_der))
        return refuse(r, CX_ERR(PARSE), "/csr", "csr-readers-disagree",
                      "The request can be read in two ways; write it as plain DER.");
    return CX_OK;
}

static cx_err verify(struct csr_reader *r)
{
    enum crypto_signature algorithm = CRYPTO_SIGNATURE_COUNT;
    if (cx_failed(pki_algorithm_parse(r->csr->signature_algorithm, &algorithm)))
        return refuse(r, CX_ERR(POLICY), "/csr/signature", "csr-signature-algorithm",
                      "The request is signed with an algorithm that is not supported.");
    cx_err err = pki_signature_verify(r->csr->spki, r->csr->signature_algorithm, r->csr->info,
                                      r->csr->signature);
    if (cx_is_ok(err) && r->csr->key_type != PKI_KEY_P256)
        err = ask_openssl(r);
    if (err.code == CX_E_CRYPTO || err.code == CX_E_POLICY)
        return refuse(r, CX_ERR(CRYPTO), "/csr/signature", "csr-signature",
                      "The request's signature does not verify with its public key.");
    return err;
}

cx_err pki_csr_parse(struct arena *arena, struct cx_bytes der, struct cx_diag *diag,
                     struct pki_csr *ret_csr)
{
    struct pki_csr csr = {.der = der};
    struct csr_reader r = {arena, diag, &csr, 0};
    if (der.len > PKI_CSR_MAX)
        return refuse(&r, CX_ERR(LIMIT), "/csr", "csr-size", "The request is too large.");
    cx_err err = read_csr(&r);
    if (cx_is_ok(err))
        err = verify(&r);
    if (cx_failed(err)) /* a refusal that was explained already stays as it is */
        return refuse(&r, err, "/csr", "csr-encoding", "The request is not PKCS#10 in DER.");
    *ret_csr = csr;
    return CX_OK;
}

static bool same_usages(const struct pki_csr *csr, const struct pki_profile *profile)
{
    if (csr->ext_key_usage_count != profile->ext_key_usage_count)
        return false;
    for (size_t i = 0; i < csr->ext_key_usage_count; i++) {
        bool found = false;
        for (size_t j = 0; j < profile->ext_key_usage_count && !found; j++)
            found = cx_str_eq(csr->ext_key_usage[i], profile->ext_key_usage[j]);
        if (!found)
            return false;
    }
    return true;
}

cx_err pki_csr_fits(const struct pki_csr *csr, const struct pki_profile *profile,
                    struct cx_diag *diag)
{
    const struct csr_reader r = {NULL, diag, NULL, 0};
    if (csr->has_basic_constraints && csr->ca != pki_kind_is_ca(profile->kind))
        return refuse(&r, CX_ERR(POLICY), "/csr/extensions", "csr-basic-constraints",
                      "The request's basicConstraints is not what the profile gives.");
    if (csr->has_key_usage && csr->key_usage != pki_key_usage_for(profile, csr->key_type))
        return refuse(&r, CX_ERR(POLICY), "/csr/extensions", "csr-key-usage",
                      "The request's keyUsage is not what the profile gives.");
    if (csr->ext_key_usage_count && !same_usages(csr, profile))
        return refuse(&r, CX_ERR(POLICY), "/csr/extensions", "csr-ext-key-usage",
                      "The request's extKeyUsage is not what the profile gives.");
    return CX_OK;
}

static cx_err write_extension_request(const struct pki_name *names, size_t count,
                                      struct cx_buf *out)
{
    static const uint8_t tags[] = {DER_SEQUENCE, DER_SET,          DER_SEQUENCE,
                                   DER_SEQUENCE, DER_OCTET_STRING, DER_SEQUENCE};
    size_t marks[6] = {0};
    for (size_t i = 0; i < 6; i++) {
        CX_TRY(der_begin(out, tags[i], &marks[i]));
        if (i == 0)
            CX_TRY(der_write(out, DER_OID, pki_oid(PKI_OID_EXTENSION_REQUEST)));
        if (i == 3)
            CX_TRY(der_write(out, DER_OID, pki_oid(PKI_OID_SUBJECT_ALT_NAME)));
    }
    for (size_t i = 0; i < count; i++)
        CX_TRY(pki_general_name_write(out, names[i].kind, names[i].value));
    for (size_t i = 6; i-- > 0;)
        CX_TRY(der_end(out, marks[i]));
    return CX_OK;
}

cx_err pki_csr_info_write(const struct pki_attribute *subject, size_t subject_count,
                          const struct pki_name *names, size_t name_count, struct cx_bytes spki,
                          struct cx_buf *out)
{
    size_t info = 0;
    size_t attributes = 0;
    CX_TRY(der_begin(out, DER_SEQUENCE, &info));
    CX_TRY(der_write_i64(out, 0));
    CX_TRY(pki_subject_write(subject, subject_count, out));
    CX_TRY(cx_buf_add(out, spki));
    CX_TRY(der_begin(out, DER_CONTEXT_CONSTRUCTED(0), &attributes));
    if (name_count)
        CX_TRY(write_extension_request(names, name_count, out));
    CX_TRY(der_end(out, attributes));
    return der_end(out, info);
}
