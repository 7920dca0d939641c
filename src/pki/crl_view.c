#include "pki/crl_view.h"

#include "pki/oid.h"

static bool next_is_time(const struct der_reader *reader)
{
    return der_next_is(reader, DER_UTC_TIME) || der_next_is(reader, DER_GENERALIZED_TIME);
}

cx_err pki_crl_view_parse(struct cx_bytes der, struct pki_crl_view *ret_view)
{
    struct der_reader whole, tbs;
    struct pki_crl_view view = {.revoked = der_reader(CX_BYTES_NONE)};
    struct cx_bytes signature, outer;
    unsigned unused = 0;
    int64_t version = 0;
    CX_TRY(der_enter_only(der, DER_SEQUENCE, &whole));
    CX_TRY(der_enter(&whole, DER_SEQUENCE, &tbs));
    if (der_next_is(&tbs, DER_INTEGER))
        CX_TRY(der_read_i64(&tbs, 1, 1, &version));
    CX_TRY(der_read_whole(&tbs, DER_SEQUENCE, &view.algorithm));
    CX_TRY(der_read_whole(&tbs, DER_SEQUENCE, &view.issuer));
    CX_TRY(der_read_time(&tbs, &view.this_update_us));
    view.has_next_update = next_is_time(&tbs);
    if (view.has_next_update)
        CX_TRY(der_read_time(&tbs, &view.next_update_us));
    if (der_next_is(&tbs, DER_SEQUENCE))
        CX_TRY(der_enter(&tbs, DER_SEQUENCE, &view.revoked));
    view.extensions = tbs;
    CX_TRY(der_read_whole(&whole, DER_SEQUENCE, &outer));
    CX_TRY(der_read_bit_string(&whole, &signature, &unused));
    CX_TRY(der_finish(&whole));
    *ret_view = view;
    return CX_OK;
}

cx_err pki_crl_extensions(const struct pki_crl_view *view, struct der_reader *ret_list)
{
    struct der_reader rest = view->extensions, tagged, list;
    *ret_list = der_reader(CX_BYTES_NONE);
    if (der_at_end(&rest))
        return CX_OK;
    CX_TRY(der_enter(&rest, DER_CONTEXT_CONSTRUCTED(0), &tagged));
    CX_TRY(der_finish(&rest));
    CX_TRY(der_enter(&tagged, DER_SEQUENCE, &list));
    CX_TRY(der_finish(&tagged));
    *ret_list = list;
    return CX_OK;
}

cx_err pki_crl_extension_next(struct der_reader *list, struct cx_bytes *ret_oid,
                              struct cx_bytes *ret_value)
{
    struct der_reader one;
    struct cx_bytes oid, value;
    bool critical = false;
    CX_TRY(der_enter(list, DER_SEQUENCE, &one));
    CX_TRY(der_read_oid(&one, &oid));
    if (der_next_is(&one, DER_BOOLEAN))
        CX_TRY(der_read_bool(&one, &critical));
    CX_TRY(der_read_octet_string(&one, &value));
    CX_TRY(der_finish(&one));
    *ret_oid = oid;
    *ret_value = value;
    return CX_OK;
}

cx_err pki_crl_view_number(const struct pki_crl_view *view, uint64_t *ret_number)
{
    struct der_reader list;
    CX_TRY(pki_crl_extensions(view, &list));
    while (!der_at_end(&list)) {
        struct cx_bytes oid, value, digits;
        uint64_t number = 0;
        CX_TRY(pki_crl_extension_next(&list, &oid, &value));
        if (!pki_oid_is(oid, PKI_OID_CRL_NUMBER))
            continue;
        struct der_reader content = der_reader(value);
        CX_TRY(der_read_unsigned(&content, &digits));
        CX_TRY(der_finish(&content));
        if (digits.len > sizeof(number))
            return CX_ERR(LIMIT);
        for (size_t i = 0; i < digits.len; i++)
            number = number << 8 | digits.ptr[i];
        *ret_number = number;
        return CX_OK;
    }
    return CX_ERR(NOTFOUND);
}
