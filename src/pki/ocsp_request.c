#include "codec/der.h"
#include "pki/ocsp.h"
#include "pki/oid.h"

/* AlgorithmIdentifier of a hash: parameters absent or NULL (RFC 5754 §2: both are met). */
static cx_err read_hash(struct der_reader *reader, enum pki_ocsp_hash *ret_hash)
{
    struct der_reader algorithm;
    struct cx_bytes oid;
    CX_TRY(der_enter(reader, DER_SEQUENCE, &algorithm));
    CX_TRY(der_read_oid(&algorithm, &oid));
    if (!der_at_end(&algorithm))
        CX_TRY(der_read_null(&algorithm));
    CX_TRY(der_finish(&algorithm));
    *ret_hash = pki_oid_is(oid, PKI_OID_SHA1)     ? PKI_OCSP_SHA1
                : pki_oid_is(oid, PKI_OID_SHA256) ? PKI_OCSP_SHA256
                                                  : PKI_OCSP_HASH_OTHER;
    return CX_OK;
}

static cx_err read_id(struct der_reader *reader, struct pki_ocsp_id *ret_id)
{
    struct der_reader id;
    struct pki_ocsp_id out;
    CX_TRY(der_enter(reader, DER_SEQUENCE, &id));
    CX_TRY(read_hash(&id, &out.hash));
    CX_TRY(der_read_octet_string(&id, &out.name_hash));
    CX_TRY(der_read_octet_string(&id, &out.key_hash));
    CX_TRY(der_read_integer(&id, &out.serial));
    CX_TRY(der_finish(&id));
    size_t len = out.hash == PKI_OCSP_SHA1     ? 20
                 : out.hash == PKI_OCSP_SHA256 ? 32
                                               : out.name_hash.len;
    if (out.name_hash.len != len || out.key_hash.len != len || out.serial.len > PKI_OCSP_SERIAL_MAX)
        return CX_ERR(PARSE);
    *ret_id = out;
    return CX_OK;
}

/* Extensions: the nonce is taken (where wanted), other non-critical ones are skipped (RFC 6960 §4.4). */
static cx_err read_extensions(struct der_reader *reader, uint8_t tag, struct cx_bytes *ret_nonce)
{
    struct der_reader outer;
    struct der_reader list;
    bool seen = false;
    CX_TRY(der_enter(reader, tag, &outer));
    CX_TRY(der_enter(&outer, DER_SEQUENCE, &list));
    CX_TRY(der_finish(&outer));
    while (!der_at_end(&list)) {
        struct der_reader extension;
        struct cx_bytes oid;
        struct cx_bytes value;
        bool critical = false;
        CX_TRY(der_enter(&list, DER_SEQUENCE, &extension));
        CX_TRY(der_read_oid(&extension, &oid));
        if (der_next_is(&extension, DER_BOOLEAN))
            CX_TRY(der_read_bool(&extension, &critical));
        CX_TRY(der_read_octet_string(&extension, &value));
        CX_TRY(der_finish(&extension));
        if (ret_nonce && pki_oid_is(oid, PKI_OID_OCSP_NONCE)) {
            struct der_reader nonce = der_reader(value);
            struct cx_bytes nonce_value;
            if (seen)
                return CX_ERR(PARSE);
            CX_TRY(der_read_octet_string(&nonce, &nonce_value));
            CX_TRY(der_finish(&nonce));
            /* RFC 9654 §2.1: 1 to 128 octets, others MUST be rejected as malformed; a responder need not repeat those
             * above 32. */
            if (nonce_value.len == 0 || nonce_value.len > PKI_OCSP_NONCE_READ_MAX)
                return CX_ERR(PARSE);
            seen = true;
            if (nonce_value.len <= PKI_OCSP_NONCE_MAX)
                *ret_nonce = nonce_value;
        } else if (critical) {
            return CX_ERR(PARSE);
        }
    }
    return CX_OK;
}

static cx_err read_tbs(struct der_reader *tbs, struct pki_ocsp_request *request)
{
    struct der_reader list;
    struct cx_bytes name;
    if (der_next_is(tbs,
                    DER_CONTEXT_CONSTRUCTED(0))) /* version: v1 is the default and the only one */
        return CX_ERR(PARSE);
    if (der_next_is(tbs, DER_CONTEXT_CONSTRUCTED(1)))
        CX_TRY(der_read(tbs, DER_CONTEXT_CONSTRUCTED(1), &name));
    CX_TRY(der_enter(tbs, DER_SEQUENCE, &list));
    while (!der_at_end(&list)) {
        struct der_reader item;
        if (request->item_count == PKI_OCSP_ITEMS_MAX)
            return CX_ERR(PARSE);
        CX_TRY(der_enter(&list, DER_SEQUENCE, &item));
        CX_TRY(read_id(&item, &request->items[request->item_count]));
        if (!der_at_end(&item))
            CX_TRY(read_extensions(&item, DER_CONTEXT_CONSTRUCTED(0), NULL));
        CX_TRY(der_finish(&item));
        request->item_count++;
    }
    if (der_next_is(tbs, DER_CONTEXT_CONSTRUCTED(2)))
        CX_TRY(read_extensions(tbs, DER_CONTEXT_CONSTRUCTED(2), &request->nonce));
    CX_TRY(der_finish(tbs));
    return request->item_count ? CX_OK : CX_ERR(PARSE);
}

static cx_err read_request(struct cx_bytes der, struct pki_ocsp_request *request)
{
    struct der_reader reader;
    struct der_reader tbs;
    struct cx_bytes signature;
    CX_TRY(der_enter_only(der, DER_SEQUENCE, &reader));
    CX_TRY(der_enter(&reader, DER_SEQUENCE, &tbs));
    CX_TRY(read_tbs(&tbs, request));
    if (!der_at_end(&reader))
        CX_TRY(der_read(&reader, DER_CONTEXT_CONSTRUCTED(0), &signature));
    return der_finish(&reader);
}

cx_err pki_ocsp_request_parse(struct cx_bytes der, struct cx_diag *diag,
                              struct pki_ocsp_request *ret_request)
{
    struct pki_ocsp_request request = {.item_count = 0};
    if (der.len > PKI_OCSP_REQUEST_MAX || cx_failed(read_request(der, &request)))
        return cx_refuse(diag, CX_ERR(PARSE), "", "ocsp-request",
                         "Not an OCSP request that RFC 6960 allows.");
    *ret_request = request;
    return CX_OK;
}
