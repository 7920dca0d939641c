/* CRLs (RFC 5280 §5.1) and OCSP responses (RFC 6960 §4.2.1). */
#include "cli/inspect.h"

#include "base/cleanup.h"
#include "pki/crl_view.h"
#include "pki/oid.h"

enum { CRL_SHOWN_MAX = 1000 };

cx_err inspect_crl_next_update(struct cx_bytes der, cx_time *ret_next_us)
{
    struct pki_crl_view crl;
    CX_TRY(pki_crl_view_parse(der, &crl));
    if (!crl.has_next_update)
        return CX_ERR(PARSE);
    *ret_next_us = crl.next_update_us;
    return CX_OK;
}

static cx_err revoked_entry(struct der_reader *list, json_t *shown, int64_t *count)
{
    struct der_reader one;
    struct cx_bytes serial;
    cx_time revoked_us = 0;
    CX_TRY(der_enter(list, DER_SEQUENCE, &one));
    CX_TRY(der_read_integer(&one, &serial));
    CX_TRY(der_read_time(&one, &revoked_us));
    if ((*count)++ >= CRL_SHOWN_MAX)
        return CX_OK;
    json_t *row = json_object();
    if (!row || json_array_append_new(shown, row) != 0)
        return CX_ERR(NOMEM);
    CX_TRY(inspect_hex(row, "serial", serial));
    return inspect_time(row, "revoked", revoked_us);
}

static cx_err crl_extensions(const struct pki_crl_view *crl, json_t *object)
{
    struct der_reader list;
    CX_TRY(pki_crl_extensions(crl, &list));
    while (!der_at_end(&list)) {
        struct cx_bytes oid, value, number;
        CX_TRY(pki_crl_extension_next(&list, &oid, &value));
        struct der_reader content = der_reader(value);
        if (pki_oid_is(oid, PKI_OID_CRL_NUMBER)) {
            CX_TRY(der_read_unsigned(&content, &number));
            CX_TRY(inspect_hex(object, "crl_number", number));
        }
        if (pki_oid_is(oid, PKI_OID_ISSUING_DISTRIBUTION))
            CX_TRY(inspect_set(object, "sharded", json_true()));
    }
    return CX_OK;
}

cx_err inspect_crl(struct cli *cli, struct cx_bytes der, json_t *object)
{
    struct pki_crl_view crl;
    int64_t count = 0;
    CX_TRY(pki_crl_view_parse(der, &crl));
    CX_TRY(inspect_name(cli, object, "issuer", crl.issuer));
    CX_TRY(inspect_time(object, "this_update", crl.this_update_us));
    if (crl.has_next_update)
        CX_TRY(inspect_time(object, "next_update", crl.next_update_us));
    CX_TRY(inspect_signature_algorithm(object, crl.algorithm));
    CX_TRY(inspect_set(object, "revoked", json_array()));
    while (!der_at_end(&crl.revoked))
        CX_TRY(revoked_entry(&crl.revoked, json_object_get(object, "revoked"), &count));
    CX_TRY(inspect_set(object, "revoked_count", json_integer(count)));
    return crl_extensions(&crl, object);
}

/* CertID ::= SEQUENCE { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber } */
static cx_err cert_id(struct der_reader *single, json_t *row)
{
    struct der_reader id;
    struct cx_bytes algorithm, name_hash, key_hash, serial;
    CX_TRY(der_enter(single, DER_SEQUENCE, &id));
    CX_TRY(der_read_whole(&id, DER_SEQUENCE, &algorithm));
    CX_TRY(der_read_octet_string(&id, &name_hash));
    CX_TRY(der_read_octet_string(&id, &key_hash));
    CX_TRY(der_read_integer(&id, &serial));
    CX_TRY(der_finish(&id));
    CX_TRY(inspect_hex(row, "serial", serial));
    return inspect_hex(row, "issuer_key_hash", key_hash);
}

static cx_err cert_status(struct der_reader *single, json_t *row)
{
    static const char *const words[] = {"good", "revoked", "unknown"};
    struct der_value status;
    cx_time at_us = 0;
    CX_TRY(der_read_any(single, &status));
    unsigned number = status.tag & 0x1Fu;
    if ((status.tag & 0xC0u) != 0x80u || number >= 3)
        return CX_ERR(PARSE);
    CX_TRY(inspect_text(row, "status", cx_str_from(words[number])));
    if (number == 1) {
        struct der_reader info = der_reader(status.content);
        CX_TRY(der_read_generalized_time(&info, &at_us));
        CX_TRY(inspect_time(row, "revoked", at_us));
    }
    CX_TRY(der_read_generalized_time(single, &at_us));
    CX_TRY(inspect_time(row, "this_update", at_us));
    if (der_next_is(single, DER_CONTEXT_CONSTRUCTED(0))) {
        struct der_reader next;
        CX_TRY(der_enter(single, DER_CONTEXT_CONSTRUCTED(0), &next));
        CX_TRY(der_read_generalized_time(&next, &at_us));
        CX_TRY(inspect_time(row, "next_update", at_us));
    }
    return CX_OK;
}

static cx_err skip_extensions(struct der_reader *reader)
{
    struct der_value extensions;
    return der_next_is(reader, DER_CONTEXT_CONSTRUCTED(1)) ? der_read_any(reader, &extensions)
                                                           : CX_OK;
}

static cx_err single_responses(struct der_reader *data, json_t *rows)
{
    struct der_reader list, single;
    CX_TRY(der_enter(data, DER_SEQUENCE, &list));
    while (!der_at_end(&list)) {
        json_t *row = json_object();
        if (!row || json_array_append_new(rows, row) != 0)
            return CX_ERR(NOMEM);
        CX_TRY(der_enter(&list, DER_SEQUENCE, &single));
        CX_TRY(cert_id(&single, row));
        CX_TRY(cert_status(&single, row));
        CX_TRY(skip_extensions(&single));
        CX_TRY(der_finish(&single));
    }
    return CX_OK;
}

/* ResponseData ::= SEQUENCE { [0] version DEFAULT, responderID, producedAt, responses, [1] extensions } */
static cx_err response_data(struct der_reader *whole, json_t *object)
{
    struct der_reader data;
    struct der_value responder;
    cx_time produced_us = 0;
    CX_TRY(der_enter(whole, DER_SEQUENCE, &data));
    if (der_next_is(&data, DER_CONTEXT_CONSTRUCTED(0)))
        CX_TRY(der_read_any(&data, &responder));
    CX_TRY(der_read_any(&data, &responder));
    CX_TRY(der_read_generalized_time(&data, &produced_us));
    CX_TRY(inspect_time(object, "produced", produced_us));
    CX_TRY(inspect_set(object, "responses", json_array()));
    CX_TRY(single_responses(&data, json_object_get(object, "responses")));
    CX_TRY(skip_extensions(&data));
    return der_finish(&data);
}

/* BasicOCSPResponse ::= SEQUENCE { tbsResponseData, signatureAlgorithm, signature, [0] certs OPTIONAL } */
static cx_err basic_response(struct cx_bytes basic, json_t *object)
{
    struct der_reader whole;
    struct der_value certificates;
    struct cx_bytes algorithm, signature;
    unsigned unused = 0;
    CX_TRY(der_enter_only(basic, DER_SEQUENCE, &whole));
    CX_TRY(response_data(&whole, object));
    CX_TRY(der_read_whole(&whole, DER_SEQUENCE, &algorithm));
    CX_TRY(inspect_signature_algorithm(object, algorithm));
    CX_TRY(der_read_bit_string(&whole, &signature, &unused));
    if (der_next_is(&whole, DER_CONTEXT_CONSTRUCTED(0)))
        CX_TRY(der_read_any(&whole, &certificates));
    return der_finish(&whole);
}

cx_err inspect_ocsp(struct cli *cli, struct cx_bytes der, json_t *object)
{
    static const char *const words[] = {
        "successful", "malformedRequest", "internalError", "tryLater",
        "",           "sigRequired",      "unauthorized"};
    struct der_reader whole, tagged, typed;
    struct cx_bytes status, oid, basic;
    (void)cli;
    CX_TRY(der_enter_only(der, DER_SEQUENCE, &whole));
    CX_TRY(der_read(&whole, DER_ENUMERATED, &status));
    if (status.len != 1 || status.ptr[0] >= sizeof(words) / sizeof(words[0]) ||
        !words[status.ptr[0]][0])
        return CX_ERR(PARSE);
    CX_TRY(inspect_text(object, "status", cx_str_from(words[status.ptr[0]])));
    if (der_at_end(&whole))
        return CX_OK;
    CX_TRY(der_enter(&whole, DER_CONTEXT_CONSTRUCTED(0), &tagged));
    CX_TRY(der_finish(&whole));
    CX_TRY(der_enter(&tagged, DER_SEQUENCE, &typed));
    CX_TRY(der_read_oid(&typed, &oid));
    CX_TRY(der_read_octet_string(&typed, &basic));
    CX_TRY(der_finish(&typed));
    CX_TRY(der_finish(&tagged));
    return pki_oid_is(oid, PKI_OID_OCSP_BASIC) ? basic_response(basic, object)
                                               : inspect_oid(object, "response_type", oid);
}
