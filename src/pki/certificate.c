#include "pki/certificate.h"
#include "base/cleanup.h"
#include "codec/der_write.h"
#include "crypto/hash.h"
#include "pki/algorithm.h"

void pki_serial_make(uint32_t shard, const uint8_t random[static 16],
                     uint8_t ret_serial[static PKI_SERIAL_LEN])
{
    ret_serial[0] = (uint8_t)(0x40 | (shard >> 8 & 0x0F));
    ret_serial[1] = (uint8_t)shard;
    memcpy(ret_serial + 2, random, 16);
}

enum { STAMP_AT = 2, STAMP_LEN = 7 };

void pki_serial_stamp(uint8_t serial[static PKI_SERIAL_LEN], cx_time at_us)
{
    for (int i = 0; i < STAMP_LEN; i++)
        serial[STAMP_AT + i] = (uint8_t)((uint64_t)at_us >> (8 * (STAMP_LEN - 1 - i)));
}

cx_err pki_serial_time(struct cx_bytes serial, cx_time *ret_at_us)
{
    uint32_t shard = 0;
    uint64_t at_us = 0;
    CX_TRY(pki_serial_shard(serial, &shard));
    for (int i = 0; i < STAMP_LEN; i++)
        at_us = at_us << 8 | serial.ptr[STAMP_AT + i];
    *ret_at_us = (cx_time)at_us;
    return CX_OK;
}

cx_err pki_serial_shard(struct cx_bytes serial, uint32_t *ret_shard)
{
    if (serial.len != PKI_SERIAL_LEN || (serial.ptr[0] & 0xF0) != 0x40)
        return CX_ERR(NOTFOUND);
    *ret_shard = (uint32_t)(serial.ptr[0] & 0x0F) << 8 | serial.ptr[1];
    return CX_OK;
}

cx_err pki_key_id(struct cx_bytes spki, uint8_t ret_id[static PKI_KEY_ID_LEN])
{
    struct der_reader reader;
    struct cx_bytes algorithm;
    struct cx_bytes bits;
    unsigned unused = 0;
    uint8_t digest[CRYPTO_SHA256_LEN];
    CX_TRY(der_enter_only(spki, DER_SEQUENCE, &reader));
    CX_TRY(der_read(&reader, DER_SEQUENCE, &algorithm));
    CX_TRY(der_read_bit_string(&reader, &bits, &unused));
    CX_TRY(der_finish(&reader));
    CX_TRY(crypto_sha256(bits, digest));
    memcpy(ret_id, digest, PKI_KEY_ID_LEN);
    return CX_OK;
}

cx_err pki_certificate_write(struct cx_bytes tbs, enum pki_key_type issuer_key,
                             struct cx_bytes signature, struct cx_buf *out)
{
    size_t mark = 0;
    CX_TRY(der_begin(out, DER_SEQUENCE, &mark));
    CX_TRY(cx_buf_add(out, tbs));
    CX_TRY(cx_buf_add(out, pki_algorithm_of(issuer_key)));
    CX_TRY(der_write_bit_string(out, signature, 0));
    return der_end(out, mark);
}

static const char *first_difference(const struct pki_certificate *got,
                                    const struct pki_certificate *want)
{
    const struct {
        const char *name;
        struct cx_bytes got, want;
    } fields[] = {
        {"/serial", got->serial, want->serial},
        {"/signature_algorithm", got->signature_algorithm, want->signature_algorithm},
        {"/signature_algorithm", got->tbs_signature_algorithm, want->tbs_signature_algorithm},
        {"/issuer", got->issuer, want->issuer},
        {"/subject", got->subject, want->subject},
        {"/spki", got->spki, want->spki},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (!cx_bytes_eq(fields[i].got, fields[i].want))
            return fields[i].name;
    if (got->not_before_us != want->not_before_us)
        return "/not_before";
    if (got->not_after_us != want->not_after_us)
        return "/not_after";
    return cx_bytes_eq(got->tbs, want->tbs) ? NULL : "/extensions";
}

cx_err pki_certificate_matches(const struct pki_certificate *certificate,
                               const struct pki_template *tmpl, const struct pki_issuer *issuer,
                               struct cx_diag *diag)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf tbs = CX_BUF_INIT(PKI_CERTIFICATE_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(PKI_CERTIFICATE_MAX);
    CX_TRY(cx_buf_reserve(&tbs, 1024));
    CX_TRY(pki_tbs_write(tmpl, issuer, &tbs));
    if (cx_bytes_eq(certificate->tbs, cx_buf_view(&tbs)) &&
        cx_bytes_eq(certificate->signature_algorithm, pki_algorithm_of(issuer->key_type)))
        return CX_OK;
    struct pki_certificate want = {0};
    CX_TRY(
        pki_certificate_write(cx_buf_view(&tbs), issuer->key_type, certificate->signature, &der));
    CX_TRY(pki_certificate_parse(cx_buf_view(&der), diag, &want));
    const char *field = first_difference(certificate, &want);
    return cx_refuse(diag, CX_ERR(CONFLICT), field, "certificate-mismatch",
                     "The issued certificate is not what was asked for: %s differs.",
                     field ? field + 1 : "it");
}
