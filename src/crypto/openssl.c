/*
 * Algorithms are fetched under pthread_once and live as long as the process. Thread contexts hang
 * on a pthread key whose destructor frees them; a __thread pointer beside it makes the common path
 * one load.
 */
#include "crypto/openssl_internal.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct crypto_algorithms algorithms;
static bool algorithms_ok;
static pthread_key_t thread_key;
static __thread struct crypto_thread *thread_contexts;

static void free_thread(void *ptr)
{
    struct crypto_thread *thread = ptr;
    if (!thread)
        return;
    EVP_MD_CTX_free(thread->md);
    EVP_CIPHER_CTX_free(thread->gcm);
    EVP_PKEY_CTX_free(thread->p256_verify);
    EVP_PKEY_free(thread->p256);
    free(thread);
    thread_contexts = NULL;
}

static EVP_MAC_CTX *hmac_sha256_prototype(void)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
    EVP_MAC_free(mac);
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    if (ctx && EVP_MAC_CTX_set_params(ctx, params) == 1)
        return ctx;
    EVP_MAC_CTX_free(ctx);
    return NULL;
}

static void fetch_all(void)
{
    static const char *const names[] = {"SHA1", "SHA256", "SHA384", "SHA512"};
    bool ok = pthread_key_create(&thread_key, free_thread) == 0;
    for (int i = 0; i < 4; i++) {
        algorithms.md[i] = EVP_MD_fetch(NULL, names[i], NULL);
        ok = ok && algorithms.md[i];
    }
    algorithms.gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    algorithms.hmac_sha256 = hmac_sha256_prototype();
    algorithms_ok = ok && algorithms.gcm && algorithms.hmac_sha256;
    ERR_clear_error();
}

static struct crypto_thread *new_thread(void)
{
    struct crypto_thread *thread = calloc(1, sizeof(*thread));
    if (!thread)
        return NULL;
    thread->md = EVP_MD_CTX_new();
    thread->gcm = EVP_CIPHER_CTX_new();
    if (!thread->md || !thread->gcm || pthread_setspecific(thread_key, thread) != 0) {
        free_thread(thread);
        ERR_clear_error();
        return NULL;
    }
    thread_contexts = thread;
    return thread;
}

const struct crypto_algorithms *crypto_algorithms(void)
{
    pthread_once(&once, fetch_all);
    return algorithms_ok ? &algorithms : NULL;
}

struct crypto_thread *crypto_thread(void)
{
    if (thread_contexts)
        return thread_contexts;
    return crypto_algorithms() ? new_thread() : NULL;
}
