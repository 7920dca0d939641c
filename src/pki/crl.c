#include "pki/crl.h"
#include "codec/der_write.h"
#include "pki/algorithm.h"
#include "pki/general_name.h"
#include "pki/oid.h"
#include "pki/tbs.h"

bool pki_reason_valid(unsigned reason)
{
    return reason <= 10 && reason != 7 && reason != 8;
}

static cx_time whole_seconds(cx_time at_us)
{
    return at_us - at_us % CX_US_PER_S;
}

/* RFC 5280 §5.3.1: "unspecified" SHOULD be left out rather than written. */
static cx_err write_reason(unsigned reason, struct cx_buf *out)
{
    const uint8_t extensions[] = {0x30, 0x0C, 0x30, 0x0A, 0x06, 0x03, 0x55,
                                  0x1D, 0x15, 0x04, 0x03, 0x0A, 0x01, (uint8_t)reason};
    return reason == PKI_REASON_UNSPECIFIED
               ? CX_OK
               : cx_buf_add(out, CX_BYTES(extensions, sizeof(extensions)));
}

static cx_err write_entries(const struct pki_crl *crl, struct cx_diag *diag, struct cx_buf *out)
{
    size_t list = 0;
    if (crl->entry_count == 0) /* §5.1.2.6: absent when there are none */
        return CX_OK;
    CX_TRY(der_begin(out, DER_SEQUENCE, &list));
    for (size_t i = 0; i < crl->entry_count; i++) {
        const struct pki_revoked *entry = &crl->entries[i];
        size_t mark = 0;
        if (!pki_reason_valid(entry->reason) || entry->serial_len == 0 ||
            entry->serial_len > PKI_SERIAL_MAX)
            return cx_refuse(diag, CX_ERR(POLICY), "/entries", "crl-entry",
                             "Entry %zu has no valid serial number or reason %u.", i,
                             entry->reason);
        CX_TRY(der_begin(out, DER_SEQUENCE, &mark));
        CX_TRY(der_write_unsigned(out, CX_BYTES(entry->serial, entry->serial_len)));
        CX_TRY(der_write_time(out, whole_seconds(entry->revoked_us)));
        CX_TRY(write_reason(entry->reason, out));
        CX_TRY(der_end(out, mark));
    }
    return der_end(out, list);
}

/* Extension ::= SEQUENCE { oid, critical, OCTET STRING { value opened by tags } }: opens depth values. */
static cx_err open_extension(struct cx_buf *out, enum pki_oid oid, bool critical,
                             const uint8_t *tags, size_t depth, size_t *marks)
{
    CX_TRY(der_begin(out, DER_SEQUENCE, &marks[0]));
    CX_TRY(der_write(out, DER_OID, pki_oid(oid)));
    if (critical)
        CX_TRY(der_write_bool(out, true));
    CX_TRY(der_begin(out, DER_OCTET_STRING, &marks[1]));
    for (size_t i = 0; i < depth; i++)
        CX_TRY(der_begin(out, tags[i], &marks[2 + i]));
    return CX_OK;
}

static cx_err close_extension(struct cx_buf *out, const size_t *marks, size_t depth)
{
    for (size_t i = depth + 2; i-- > 0;)
        CX_TRY(der_end(out, marks[i]));
    return CX_OK;
}

/* §5.2.5: critical; without it a shard would pass for the complete list. */
static cx_err write_distribution(const struct pki_crl *crl, struct cx_buf *out)
{
    static const uint8_t tags[] = {DER_SEQUENCE, DER_CONTEXT_CONSTRUCTED(0),
                                   DER_CONTEXT_CONSTRUCTED(0)};
    size_t marks[5] = {0};
    char url[PKI_URL_MAX];
    size_t len = 0;
    if (crl->issuer->status_url.len == 0)
        return CX_OK;
    CX_TRY(pki_url_format(crl->issuer, PKI_URL_CRL, crl->shard, url, &len));
    CX_TRY(open_extension(out, PKI_OID_ISSUING_DISTRIBUTION, true, tags, 3, marks));
    CX_TRY(pki_url_write(out, (struct cx_str){url, len}));
    return close_extension(out, marks, 3);
}

static cx_err write_extensions(const struct pki_crl *crl, struct cx_buf *out)
{
    static const uint8_t sequence = DER_SEQUENCE;
    size_t outer = 0;
    size_t list = 0;
    size_t marks[5] = {0};
    uint8_t number[8];
    for (size_t i = 0; i < sizeof(number); i++)
        number[i] = (uint8_t)(crl->number >> (8 * (sizeof(number) - 1 - i)));
    CX_TRY(der_begin(out, DER_CONTEXT_CONSTRUCTED(0), &outer));
    CX_TRY(der_begin(out, DER_SEQUENCE, &list));
    CX_TRY(open_extension(out, PKI_OID_AUTHORITY_KEY_ID, false, &sequence, 1, marks));
    CX_TRY(der_write(out, DER_CONTEXT(0), crl->issuer->key_id));
    CX_TRY(close_extension(out, marks, 1));
    CX_TRY(open_extension(out, PKI_OID_CRL_NUMBER, false, NULL, 0, marks));
    CX_TRY(der_write_unsigned(out, CX_BYTES(number, sizeof(number))));
    CX_TRY(close_extension(out, marks, 0));
    CX_TRY(write_distribution(crl, out));
    CX_TRY(der_end(out, list));
    return der_end(out, outer);
}

static cx_err check(const struct pki_crl *crl, struct cx_diag *diag)
{
    if (crl->next_update_us <= crl->this_update_us)
        return cx_refuse(diag, CX_ERR(POLICY), "/next_update", "crl-times",
                         "nextUpdate is not after thisUpdate.");
    if (crl->number == 0)
        return cx_refuse(diag, CX_ERR(POLICY), "/number", "crl-number", "CRL numbers start at 1.");
    if (crl->shard >= crl->issuer->shard_count)
        return cx_refuse(diag, CX_ERR(POLICY), "/shard", "crl-shard", "The issuer has %u shards.",
                         crl->issuer->shard_count);
    if (crl->issuer->shard_count > 1 && crl->issuer->status_url.len == 0)
        return cx_refuse(diag, CX_ERR(POLICY), "/shard", "crl-shard-url",
                         "An issuer with several CRL shards needs a status URL.");
    return CX_OK;
}

cx_err pki_crl_tbs_write(const struct pki_crl *crl, struct cx_diag *diag, struct cx_buf *out)
{
    size_t tbs = 0;
    CX_TRY(check(crl, diag));
    CX_TRY(der_begin(out, DER_SEQUENCE, &tbs));
    CX_TRY(der_write_i64(out, 1)); /* v2 */
    CX_TRY(cx_buf_add(out, pki_algorithm_of(crl->issuer->key_type)));
    CX_TRY(cx_buf_add(out, crl->issuer->subject_der));
    CX_TRY(der_write_time(out, whole_seconds(crl->this_update_us)));
    CX_TRY(der_write_time(out, whole_seconds(crl->next_update_us)));
    CX_TRY(write_entries(crl, diag, out));
    CX_TRY(write_extensions(crl, out));
    return der_end(out, tbs);
}
