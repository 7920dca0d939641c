#include "crypto/pkcs12.h"
#include "crypto/key_internal.h"

#include <openssl/pkcs12.h>
#include <openssl/x509.h>

CRYPTO_DEFINE_FREE(X509, X509_free)
CRYPTO_DEFINE_FREE(PKCS12, PKCS12_free)

static void free_stack(STACK_OF(X509) * *stack)
{
    sk_X509_pop_free(*stack, X509_free);
}

static X509 *read_certificate(struct cx_bytes der)
{
    const uint8_t *at = der.ptr;
    X509 *x509 = d2i_X509(NULL, &at, (long)der.len);
    if (x509 && at == der.ptr + der.len)
        return x509;
    X509_free(x509);
    return NULL;
}

static cx_err read_chain(const struct crypto_pkcs12 *content, STACK_OF(X509) * stack)
{
    for (size_t i = 0; i < content->chain_count; i++) {
        X509 *x509 = read_certificate(content->chain[i]);
        if (!x509)
            return CX_ERR(PARSE);
        if (sk_X509_push(stack, x509) <= 0) {
            X509_free(x509);
            return CX_ERR(NOMEM);
        }
    }
    return CX_OK;
}

struct wiped_text {
    char text[CRYPTO_PKCS12_PASSWORD_MAX + 1];
};

static void wipe_text(struct wiped_text *text)
{
    cx_wipe(text, sizeof(*text));
}

static PKCS12 *create(const struct crypto_pkcs12 *content, const char *password, X509 *x509,
                      STACK_OF(X509) * chain)
{
    char name[256];
    snprintf(name, sizeof(name), "%.*s", CX_STR_ARG(content->name));
    PKCS12 *made = PKCS12_create_ex(password, name[0] ? name : NULL, content->key->pkey, x509,
                                    chain, NID_aes_256_cbc, NID_aes_256_cbc,
                                    CRYPTO_PKCS12_ITERATIONS, -1, 0, NULL, NULL);
    if (made && PKCS12_set_mac(made, password, -1, NULL, 0, CRYPTO_PKCS12_ITERATIONS,
                               crypto_algorithms()->md[CRYPTO_SHA256]) == 1)
        return made;
    PKCS12_free(made);
    return NULL;
}

cx_err crypto_pkcs12_write(const struct crypto_pkcs12 *content, struct cx_str password,
                           struct cx_buf *out)
{
    if (!content->key->is_private || password.len < CRYPTO_PKCS12_PASSWORD_MIN ||
        password.len > CRYPTO_PKCS12_PASSWORD_MAX ||
        content->chain_count > CRYPTO_PKCS12_CHAIN_MAX || memchr(password.ptr, 0, password.len))
        return CX_ERR(USAGE);
    if (!crypto_algorithms())
        return CX_ERR(NOMEM);
    CRYPTO_QUEUE_GUARD();
    CX_CLEANUP(X509_free_p) X509 *x509 = read_certificate(content->certificate);
    CX_CLEANUP(free_stack) STACK_OF(X509) *chain = sk_X509_new_null();
    if (!x509 || !chain)
        return CX_ERR(PARSE);
    if (X509_check_private_key(x509, content->key->pkey) != 1)
        return CX_ERR(CONFLICT);
    CX_TRY(read_chain(content, chain));
    CX_CLEANUP(wipe_text) struct wiped_text copy = {{0}};
    memcpy(copy.text, password.ptr, password.len);
    CX_CLEANUP(PKCS12_free_p) PKCS12 *made = create(content, copy.text, x509, chain);
    int len = made ? i2d_PKCS12(made, NULL) : 0;
    if (len <= 0)
        return CX_ERR(CRYPTO);
    CX_TRY(cx_buf_reserve(out, (size_t)len));
    uint8_t *at = out->ptr + out->len;
    if (i2d_PKCS12(made, &at) != len)
        return CX_ERR(CRYPTO);
    out->len += (size_t)len;
    return CX_OK;
}
