/*
 * The thread that hashes passwords when nobody else wants the processor, one that helps it out when it gets none for seconds, and a queue of
 * fixed length. A hash takes 19 MiB and 25 ms of a core, so without a bound a burst of logins would take the machine from
 * everybody else. Who finds the queue full is told to come back (CX_E_BUSY). Thread-safe.
 */
#pragma once
#include "base/diag.h"
#include "crypto/password_hash.h"

struct password_pool;

enum { PASSWORD_THREADS = 1, PASSWORD_QUEUE_MAX = 16, PASSWORD_RETRY_S = 2 };

cx_err password_pool_new(struct password_pool **ret_pool);
void password_pool_free(struct password_pool *pool); /* nobody may be inside; NULL-safe */

/* A place in the queue, taken before anything else is done for a login. CX_E_BUSY, rule "login-busy". */
cx_err password_pool_enter(struct password_pool *pool, struct cx_diag *diag);
void password_pool_leave(struct password_pool *pool);

/* As crypto_password_verify and crypto_password_hash; the caller has entered, and waits. */
cx_err password_pool_verify(struct password_pool *pool, const char *phc, struct cx_bytes password);
cx_err password_pool_hash(struct password_pool *pool, struct cx_bytes password,
                          const uint8_t salt[static CRYPTO_PHC_SALT_LEN],
                          char ret_phc[static CRYPTO_PHC_MAX]);
