#include "crypto/password_hash.h"

#include <argon2.h>

enum { MEMORY_KIB = 19456, PASSES = 2, LANES = 1, HASH_LEN = 32 };

cx_err crypto_password_hash(struct cx_bytes password,
                            const uint8_t salt[static CRYPTO_PHC_SALT_LEN],
                            char ret_phc[static CRYPTO_PHC_MAX])
{
    int rc = argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password.ptr, password.len, salt,
                                   CRYPTO_PHC_SALT_LEN, HASH_LEN, ret_phc, CRYPTO_PHC_MAX);
    if (rc == ARGON2_OK)
        return CX_OK;
    return rc == ARGON2_MEMORY_ALLOCATION_ERROR ? CX_ERR(NOMEM) : CX_ERR(CRYPTO);
}

cx_err crypto_password_verify(const char *phc, struct cx_bytes password)
{
    /* The costs are read from the string: another's could ask for any amount of memory. */
    if (!cx_str_starts(cx_str_from(phc), CX_STR("$argon2id$v=19$m=19456,t=2,p=1$")))
        return CX_ERR(PARSE);
    int rc = argon2id_verify(phc, password.ptr, password.len);
    switch (rc) {
    case ARGON2_OK:
        return CX_OK;
    case ARGON2_VERIFY_MISMATCH:
        return CX_ERR(AUTH);
    case ARGON2_MEMORY_ALLOCATION_ERROR:
        return CX_ERR(NOMEM);
    default:
        return CX_ERR(PARSE);
    }
}
