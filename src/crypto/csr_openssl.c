#include "crypto/csr_openssl.h"
#include "crypto/openssl_internal.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

CRYPTO_DEFINE_FREE(X509_REQ, X509_REQ_free)

static void free_extensions(STACK_OF(X509_EXTENSION) * *extensions)
{
    sk_X509_EXTENSION_pop_free(*extensions, X509_EXTENSION_free);
}

static cx_err copy_out(struct arena *arena, uint8_t *der, int len, struct cx_bytes *ret_copy)
{
    cx_err err = len > 0 ? arena_copy(arena, CX_BYTES(der, len), ret_copy) : CX_ERR(PARSE);
    OPENSSL_free(der);
    return err;
}

static cx_err copy_names(struct arena *arena, X509_REQ *req, struct cx_bytes *ret_names)
{
    CX_CLEANUP(free_extensions) STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(req);
    int at = extensions ? X509v3_get_ext_by_NID(extensions, NID_subject_alt_name, -1) : -1;
    if (at < 0)
        return CX_OK;
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509v3_get_ext(extensions, at));
    return arena_copy(arena, CX_BYTES(ASN1_STRING_get0_data(value), ASN1_STRING_length(value)),
                      ret_names);
}

cx_err crypto_csr_read(struct arena *arena, struct cx_bytes der, struct crypto_csr *ret_csr)
{
    CRYPTO_QUEUE_GUARD();
    const uint8_t *at = der.ptr;
    struct crypto_csr csr = {CX_BYTES_NONE, CX_BYTES_NONE, CX_BYTES_NONE};
    CX_CLEANUP(X509_REQ_free_p) X509_REQ *req = d2i_X509_REQ(NULL, &at, (long)der.len);
    if (!req || at != der.ptr + der.len)
        return CX_ERR(PARSE);
    EVP_PKEY *key = X509_REQ_get0_pubkey(req);
    if (!key)
        return CX_ERR(PARSE);
    if (X509_REQ_verify(req, key) != 1)
        return CX_ERR(CRYPTO);
    uint8_t *out = NULL;
    int len = i2d_X509_NAME(X509_REQ_get_subject_name(req), &out);
    CX_TRY(copy_out(arena, out, len, &csr.subject));
    out = NULL;
    len = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(req), &out);
    CX_TRY(copy_out(arena, out, len, &csr.spki));
    CX_TRY(copy_names(arena, req, &csr.names));
    *ret_csr = csr;
    return CX_OK;
}
