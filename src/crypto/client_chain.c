#include "crypto/client_chain.h"

#include "crypto/openssl_internal.h"

#include <openssl/x509v3.h>

enum { AUTH_LEVEL = 2 }; /* 112 bits, and no SHA-1 */

CRYPTO_DEFINE_FREE(X509, X509_free)
CRYPTO_DEFINE_FREE(X509_STORE, X509_STORE_free)
CRYPTO_DEFINE_FREE(X509_STORE_CTX, X509_STORE_CTX_free)

static cx_err read_certificate(struct cx_bytes der, X509 **ret_certificate)
{
    const uint8_t *at = der.ptr;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    if (!certificate)
        return CX_ERR(PARSE);
    if (at != der.ptr + der.len) {
        X509_free(certificate);
        return CX_ERR(PARSE);
    }
    *ret_certificate = certificate;
    return CX_OK;
}

static cx_err trust(X509_STORE *store, const struct cx_bytes *trusted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CX_CLEANUP(X509_free_p) X509 *certificate = NULL;
        CX_TRY(read_certificate(trusted[i], &certificate));
        if (X509_STORE_add_cert(store, certificate) != 1)
            return CX_ERR(NOMEM);
    }
    return CX_OK;
}

static enum crypto_chain_fault fault_of(int error)
{
    switch (error) {
    case X509_V_OK:
        return CRYPTO_CHAIN_GOOD;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_AKID_SKID_MISMATCH:
    case X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH:
        return CRYPTO_CHAIN_ISSUER;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return CRYPTO_CHAIN_NOT_YET;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return CRYPTO_CHAIN_EXPIRED;
    case X509_V_ERR_INVALID_PURPOSE:
        return CRYPTO_CHAIN_PURPOSE;
    default:
        return CRYPTO_CHAIN_OTHER;
    }
}

/* OpenSSL takes a certificate without the extension, or with anyExtendedKeyUsage, for every purpose. */
static bool is_for_clients(X509 *leaf)
{
    uint32_t flags = X509_get_extension_flags(leaf);
    return (flags & EXFLAG_XKUSAGE) && !(flags & EXFLAG_CA) &&
           (X509_get_extended_key_usage(leaf) & XKU_SSL_CLIENT);
}

static bool prepare(X509_STORE_CTX *ctx, X509_STORE *store, X509 *leaf, cx_time at_us)
{
    if (X509_STORE_CTX_init(ctx, store, leaf, NULL) != 1)
        return false;
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, (time_t)(at_us / CX_US_PER_S));
    X509_VERIFY_PARAM_set_depth(param, CRYPTO_CHAIN_DEPTH_MAX);
    X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
    return X509_VERIFY_PARAM_set_flags(param,
                                       X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
           X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_CLIENT) == 1;
}

cx_err crypto_client_chain_verify(struct cx_bytes leaf_der, const struct cx_bytes *trusted,
                                  size_t trusted_count, cx_time at_us,
                                  struct crypto_chain_verdict *ret_verdict)
{
    CRYPTO_QUEUE_GUARD();
    CX_CLEANUP(X509_free_p) X509 *leaf = NULL;
    CX_CLEANUP(X509_STORE_free_p) X509_STORE *store = X509_STORE_new();
    CX_CLEANUP(X509_STORE_CTX_free_p) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    if (!store || !ctx)
        return CX_ERR(NOMEM);
    if (trusted_count > CRYPTO_CHAIN_TRUSTED_MAX)
        return CX_ERR(LIMIT);
    CX_TRY(read_certificate(leaf_der, &leaf));
    CX_TRY(trust(store, trusted, trusted_count));
    if (!prepare(ctx, store, leaf, at_us))
        return CX_ERR(NOMEM);
    bool verified = X509_verify_cert(ctx) == 1;
    int error = X509_STORE_CTX_get_error(ctx);
    struct crypto_chain_verdict verdict = {fault_of(error), X509_verify_cert_error_string(error)};
    if (!verified && verdict.fault == CRYPTO_CHAIN_GOOD)
        return CX_ERR(CRYPTO); /* it could not be verified, for want of memory */
    if (verified && !is_for_clients(leaf))
        verdict =
            (struct crypto_chain_verdict){CRYPTO_CHAIN_PURPOSE, "no extended key usage clientAuth"};
    *ret_verdict = verdict;
    return CX_OK;
}
