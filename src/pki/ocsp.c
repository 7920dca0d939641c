/* Building OCSP responses. The request parser is ocsp_request.c. */
#include "pki/ocsp.h"
#include "codec/der_write.h"
#include "crypto/hash.h"
#include "pki/algorithm.h"
#include "pki/crl.h"
#include "pki/oid.h"

static cx_time whole_seconds(cx_time at_us)
{
    return at_us - at_us % CX_US_PER_S;
}

/* The bits of subjectPublicKey, without tag, length and count of unused bits (RFC 6960 §4.1.1, §4.2.1). */
static cx_err public_key_bits(struct cx_bytes spki, struct cx_bytes *ret_bits)
{
    struct der_reader reader;
    struct cx_bytes algorithm;
    unsigned unused = 0;
    CX_TRY(der_enter_only(spki, DER_SEQUENCE, &reader));
    CX_TRY(der_read(&reader, DER_SEQUENCE, &algorithm));
    return der_read_bit_string(&reader, ret_bits, &unused);
}

cx_err pki_ocsp_issuer_hash(const struct pki_issuer *issuer, enum pki_ocsp_hash hash,
                            struct pki_ocsp_issuer *ret_issuer)
{
    struct pki_ocsp_issuer out = {.len = hash == PKI_OCSP_SHA1 ? 20 : 32};
    enum crypto_hash algorithm = hash == PKI_OCSP_SHA1 ? CRYPTO_SHA1 : CRYPTO_SHA256;
    struct cx_bytes bits;
    if (hash != PKI_OCSP_SHA1 && hash != PKI_OCSP_SHA256)
        return CX_ERR(USAGE);
    CX_TRY(public_key_bits(issuer->spki, &bits));
    CX_TRY(crypto_digest(algorithm, &issuer->subject_der, 1, out.name_hash));
    CX_TRY(crypto_digest(algorithm, &bits, 1, out.key_hash));
    *ret_issuer = out;
    return CX_OK;
}

static cx_err write_id(const struct pki_ocsp_id *id, struct cx_buf *out)
{
    size_t mark = 0;
    size_t algorithm = 0;
    if (id->hash != PKI_OCSP_SHA1 && id->hash != PKI_OCSP_SHA256)
        return CX_ERR(USAGE);
    CX_TRY(der_begin(out, DER_SEQUENCE, &mark));
    CX_TRY(der_begin(out, DER_SEQUENCE, &algorithm));
    CX_TRY(der_write(out, DER_OID,
                     pki_oid(id->hash == PKI_OCSP_SHA1 ? PKI_OID_SHA1 : PKI_OID_SHA256)));
    CX_TRY(der_write_null(out));
    CX_TRY(der_end(out, algorithm));
    CX_TRY(der_write_octet_string(out, id->name_hash));
    CX_TRY(der_write_octet_string(out, id->key_hash));
    CX_TRY(der_write(out, DER_INTEGER, id->serial));
    return der_end(out, mark);
}

static cx_err write_status(const struct pki_ocsp_single *single, struct cx_buf *out)
{
    size_t revoked = 0;
    size_t wrapper = 0;
    if (single->status != PKI_OCSP_REVOKED)
        return der_write(out, single->status == PKI_OCSP_GOOD ? DER_CONTEXT(0) : DER_CONTEXT(2),
                         CX_BYTES_NONE);
    if (!pki_reason_valid(single->reason))
        return CX_ERR(POLICY);
    CX_TRY(der_begin(out, DER_CONTEXT_CONSTRUCTED(1), &revoked));
    CX_TRY(der_write_generalized_time(out, whole_seconds(single->revoked_us)));
    if (single->reason) {
        CX_TRY(der_begin(out, DER_CONTEXT_CONSTRUCTED(0), &wrapper));
        CX_TRY(der_write(out, DER_ENUMERATED, CX_BYTES(&single->reason, 1)));
        CX_TRY(der_end(out, wrapper));
    }
    return der_end(out, revoked);
}

static cx_err write_single(const struct pki_ocsp_single *single, struct cx_buf *out)
{
    size_t mark = 0;
    size_t next = 0;
    CX_TRY(der_begin(out, DER_SEQUENCE, &mark));
    CX_TRY(write_id(&single->id, out));
    CX_TRY(write_status(single, out));
    CX_TRY(der_write_generalized_time(out, whole_seconds(single->this_update_us)));
    CX_TRY(der_begin(out, DER_CONTEXT_CONSTRUCTED(0), &next));
    CX_TRY(der_write_generalized_time(out, whole_seconds(single->next_update_us)));
    CX_TRY(der_end(out, next));
    return der_end(out, mark);
}

static cx_err write_nonce(struct cx_bytes nonce, struct cx_buf *out)
{
    static const uint8_t tags[] = {DER_CONTEXT_CONSTRUCTED(1), DER_SEQUENCE, DER_SEQUENCE};
    size_t marks[3] = {0};
    size_t octets = 0;
    if (nonce.len == 0)
        return CX_OK;
    for (size_t i = 0; i < 3; i++)
        CX_TRY(der_begin(out, tags[i], &marks[i]));
    CX_TRY(der_write(out, DER_OID, pki_oid(PKI_OID_OCSP_NONCE)));
    CX_TRY(der_begin(out, DER_OCTET_STRING, &octets));
    CX_TRY(der_write_octet_string(out, nonce));
    CX_TRY(der_end(out, octets));
    for (size_t i = 3; i-- > 0;)
        CX_TRY(der_end(out, marks[i]));
    return CX_OK;
}

cx_err pki_ocsp_data_write(const struct pki_ocsp_response *response, struct cx_buf *out)
{
    size_t data = 0;
    size_t mark = 0;
    struct cx_bytes bits;
    uint8_t key_hash[CRYPTO_SHA1_LEN];
    if (response->single_count == 0 || response->nonce.len > PKI_OCSP_NONCE_MAX)
        return CX_ERR(USAGE);
    CX_TRY(public_key_bits(response->responder_spki, &bits));
    CX_TRY(crypto_digest(CRYPTO_SHA1, &bits, 1, key_hash)); /* RFC 6960 §4.2.1: KeyHash is SHA-1 */
    CX_TRY(der_begin(out, DER_SEQUENCE, &data));
    CX_TRY(der_begin(out, DER_CONTEXT_CONSTRUCTED(2), &mark));
    CX_TRY(der_write_octet_string(out, CX_BYTES(key_hash, sizeof(key_hash))));
    CX_TRY(der_end(out, mark));
    CX_TRY(der_write_generalized_time(out, whole_seconds(response->produced_us)));
    CX_TRY(der_begin(out, DER_SEQUENCE, &mark));
    for (size_t i = 0; i < response->single_count; i++)
        CX_TRY(write_single(&response->singles[i], out));
    CX_TRY(der_end(out, mark));
    CX_TRY(write_nonce(response->nonce, out));
    return der_end(out, data);
}

static cx_err write_basic(struct cx_bytes data, enum pki_key_type responder_key,
                          struct cx_bytes signature, struct cx_bytes certificate,
                          struct cx_buf *out)
{
    size_t basic = 0;
    size_t outer = 0;
    size_t list = 0;
    CX_TRY(der_begin(out, DER_SEQUENCE, &basic));
    CX_TRY(cx_buf_add(out, data));
    CX_TRY(cx_buf_add(out, pki_algorithm_of(responder_key)));
    CX_TRY(der_write_bit_string(out, signature, 0));
    if (certificate.len) {
        CX_TRY(der_begin(out, DER_CONTEXT_CONSTRUCTED(0), &outer));
        CX_TRY(der_begin(out, DER_SEQUENCE, &list));
        CX_TRY(cx_buf_add(out, certificate));
        CX_TRY(der_end(out, list));
        CX_TRY(der_end(out, outer));
    }
    return der_end(out, basic);
}

cx_err pki_ocsp_response_write(struct cx_bytes data, enum pki_key_type responder_key,
                               struct cx_bytes signature, struct cx_bytes certificate,
                               struct cx_buf *out)
{
    static const uint8_t successful = 0;
    size_t response = 0;
    size_t outer = 0;
    size_t bytes = 0;
    size_t octets = 0;
    CX_TRY(der_begin(out, DER_SEQUENCE, &response));
    CX_TRY(der_write(out, DER_ENUMERATED, CX_BYTES(&successful, 1)));
    CX_TRY(der_begin(out, DER_CONTEXT_CONSTRUCTED(0), &outer));
    CX_TRY(der_begin(out, DER_SEQUENCE, &bytes));
    CX_TRY(der_write(out, DER_OID, pki_oid(PKI_OID_OCSP_BASIC)));
    CX_TRY(der_begin(out, DER_OCTET_STRING, &octets));
    CX_TRY(write_basic(data, responder_key, signature, certificate, out));
    CX_TRY(der_end(out, octets));
    CX_TRY(der_end(out, bytes));
    CX_TRY(der_end(out, outer));
    return der_end(out, response);
}

cx_err pki_ocsp_error_write(enum pki_ocsp_error error, struct cx_buf *out)
{
    uint8_t status = (uint8_t)error;
    size_t response = 0;
    CX_TRY(der_begin(out, DER_SEQUENCE, &response));
    CX_TRY(der_write(out, DER_ENUMERATED, CX_BYTES(&status, 1)));
    return der_end(out, response);
}
