#include "pki/pkcs7.h"
#include "codec/der_write.h"
#include "pki/oid.h"

cx_err pki_pkcs7_write(const struct cx_bytes *certificates, size_t count, struct cx_buf *out)
{
    size_t info = 0;
    size_t outer = 0;
    size_t data = 0;
    size_t mark = 0;
    if (count == 0 || count > PKI_PKCS7_CERTIFICATES_MAX)
        return CX_ERR(USAGE);
    CX_TRY(der_begin(out, DER_SEQUENCE, &info));
    CX_TRY(der_write(out, DER_OID, pki_oid(PKI_OID_SIGNED_DATA)));
    CX_TRY(der_begin(out, DER_CONTEXT_CONSTRUCTED(0), &outer));
    CX_TRY(der_begin(out, DER_SEQUENCE, &data));
    CX_TRY(der_write_i64(out, 1));
    CX_TRY(der_write(out, DER_SET, CX_BYTES_NONE)); /* digestAlgorithms */
    CX_TRY(der_begin(out, DER_SEQUENCE, &mark));
    CX_TRY(der_write(out, DER_OID, pki_oid(PKI_OID_PKCS7_DATA)));
    CX_TRY(der_end(out, mark));
    CX_TRY(der_begin(out, DER_CONTEXT_CONSTRUCTED(0), &mark));
    for (size_t i = 0; i < count; i++)
        CX_TRY(cx_buf_add(out, certificates[i]));
    CX_TRY(der_end(out, mark));
    CX_TRY(der_write(out, DER_SET, CX_BYTES_NONE)); /* signerInfos */
    CX_TRY(der_end(out, data));
    CX_TRY(der_end(out, outer));
    return der_end(out, info);
}
