/*
 * What the files of this folder share: algorithms fetched once, contexts per thread, and the
 * discipline of OpenSSL's error queue. Internal to src/crypto; nothing outside includes an OpenSSL
 * header.
 *
 * OpenSSL 3 looks an algorithm up by name on every implicit fetch; fetching once is worth a factor
 * of two on small inputs. Contexts belong to one thread and are released when it ends.
 */
#pragma once
#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "crypto/hash.h"

struct crypto_algorithms {
    EVP_MD *md[4]; /* by enum crypto_hash */
    EVP_CIPHER *gcm;
    EVP_MAC_CTX *hmac_sha256; /* digest set, no key: duplicated for each use */
};

struct crypto_thread {
    EVP_MD_CTX *md;
    EVP_CIPHER_CTX *gcm;
    EVP_PKEY *p256; /* public key only; its point is replaced for each verification */
    EVP_PKEY_CTX *p256_verify;
};

/* NULL when the provider lacks an algorithm or memory is short. */
const struct crypto_algorithms *crypto_algorithms(void);
/* The calling thread's contexts; NULL when memory is short. */
struct crypto_thread *crypto_thread(void);

/* Leaves the error queue empty: every failing path of this folder returns through it. */
static inline cx_err crypto_fail(cx_err err)
{
    ERR_clear_error();
    return err;
}

static inline void crypto_clear_queue(const int *unused)
{
    (void)unused;
    ERR_clear_error();
}
/* First statement of a function that calls OpenSSL on several paths: the queue is empty on entry,
 * so that old errors are not taken for new ones, and on every exit. */
#define CRYPTO_QUEUE_GUARD()                                                                       \
    ERR_clear_error();                                                                             \
    __attribute__((cleanup(crypto_clear_queue), unused)) const int crypto_queue_guard_ = 0

#define CRYPTO_DEFINE_FREE(type, free_fn)                                                          \
    static inline void free_fn##_p(type **p)                                                       \
    {                                                                                              \
        free_fn(*p);                                                                               \
        *p = NULL;                                                                                 \
    }
CRYPTO_DEFINE_FREE(EVP_PKEY, EVP_PKEY_free)
CRYPTO_DEFINE_FREE(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
CRYPTO_DEFINE_FREE(EVP_MD_CTX, EVP_MD_CTX_free)
CRYPTO_DEFINE_FREE(EVP_MAC_CTX, EVP_MAC_CTX_free)
