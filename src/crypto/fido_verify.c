#include "crypto/fido_verify.h"

#include "base/cleanup.h"
#include "crypto/hash.h"

#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>
#include <threads.h>

enum { AUTHENTICATOR_DATA_LEAST = 37 }; /* §6.1: rpIdHash, flags, signCount */

static void start(void)
{
    fido_init(0); /* no messages to stderr */
}

static void start_once(void)
{
    static once_flag once = ONCE_FLAG_INIT;
    call_once(&once, start);
}

static void cred_freep(fido_cred_t **cred)
{
    fido_cred_free(cred);
}

static void assert_freep(fido_assert_t **made)
{
    fido_assert_free(made);
}

/* libfido2 wants a C string; a NUL inside would end it early. */
static cx_err copy_rp_id(struct cx_str rp_id, char ret_text[static CRYPTO_FIDO_RP_ID_MAX + 1])
{
    if (rp_id.len == 0 || rp_id.len > CRYPTO_FIDO_RP_ID_MAX || memchr(rp_id.ptr, '\0', rp_id.len))
        return CX_ERR(USAGE);
    memcpy(ret_text, rp_id.ptr, rp_id.len);
    ret_text[rp_id.len] = '\0';
    return CX_OK;
}

/* §7.1 step 13, §7.2 step 15. libfido2 checks it when there is a signature to verify; "none" has none. */
static cx_err check_head(struct cx_bytes data, struct cx_str rp_id)
{
    uint8_t hash[CRYPTO_SHA256_LEN];
    if (data.len < AUTHENTICATOR_DATA_LEAST)
        return CX_ERR(PARSE);
    CX_TRY(crypto_sha256(cx_str_bytes(rp_id), hash));
    if (!cx_bytes_eq(CX_BYTES(hash, sizeof(hash)), CX_BYTES(data.ptr, sizeof(hash))))
        return CX_ERR(CRYPTO);
    uint8_t wanted = CRYPTO_FIDO_USER_PRESENT | CRYPTO_FIDO_USER_VERIFIED;
    return (data.ptr[32] & wanted) == wanted ? CX_OK : CX_ERR(CRYPTO);
}

/* A key in the type that libfido2 verifies with; exactly one is set. */
struct public_key {
    es256_pk_t *es256;
    eddsa_pk_t *eddsa;
    rs256_pk_t *rs256;
};

static void public_key_clear(struct public_key *key)
{
    es256_pk_free(&key->es256);
    eddsa_pk_free(&key->eddsa);
    rs256_pk_free(&key->rs256);
}

static const void *public_key_pointer(const struct public_key *key)
{
    if (key->es256)
        return key->es256;
    return key->eddsa ? (const void *)key->eddsa : (const void *)key->rs256;
}

static cx_err public_key_make(int64_t algorithm, struct cx_bytes bytes, struct public_key *ret_key)
{
    int rc = FIDO_ERR_INTERNAL;
    EVP_PKEY *check = NULL; /* a point that is not on the curve has none */
    switch (algorithm) {
    case CRYPTO_FIDO_ES256:
        if (!(ret_key->es256 = es256_pk_new()))
            return CX_ERR(NOMEM);
        rc = es256_pk_from_ptr(ret_key->es256, bytes.ptr, bytes.len);
        check = rc == FIDO_OK ? es256_pk_to_EVP_PKEY(ret_key->es256) : NULL;
        break;
    case CRYPTO_FIDO_EDDSA:
        if (!(ret_key->eddsa = eddsa_pk_new()))
            return CX_ERR(NOMEM);
        rc = eddsa_pk_from_ptr(ret_key->eddsa, bytes.ptr, bytes.len);
        check = rc == FIDO_OK ? eddsa_pk_to_EVP_PKEY(ret_key->eddsa) : NULL;
        break;
    case CRYPTO_FIDO_RS256:
        if (!(ret_key->rs256 = rs256_pk_new()))
            return CX_ERR(NOMEM);
        rc = rs256_pk_from_ptr(ret_key->rs256, bytes.ptr, bytes.len);
        check = rc == FIDO_OK ? rs256_pk_to_EVP_PKEY(ret_key->rs256) : NULL;
        break;
    default:
        return CX_ERR(POLICY);
    }
    bool valid = check != NULL;
    EVP_PKEY_free(check);
    return valid ? CX_OK : CX_ERR(PARSE);
}

/* The algorithm is inside the data; libfido2 wants to be told it, refuses another, and takes a type once. */
static cx_err read_authenticator_data(struct cx_bytes data, fido_cred_t **ret_cred,
                                      int64_t *ret_algorithm)
{
    static const int algorithms[] = {COSE_ES256, COSE_EDDSA, COSE_RS256};
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        CX_CLEANUP(cred_freep) fido_cred_t *cred = fido_cred_new();
        if (!cred)
            return CX_ERR(NOMEM);
        if (fido_cred_set_type(cred, algorithms[i]) == FIDO_OK &&
            fido_cred_set_authdata_raw(cred, data.ptr, data.len) == FIDO_OK) {
            *ret_cred = CX_TAKE(cred);
            *ret_algorithm = algorithms[i];
            return CX_OK;
        }
    }
    return CX_ERR(PARSE);
}

static cx_err check_statement(fido_cred_t *cred, const struct crypto_fido_registration *in,
                              const char *rp_id)
{
    if (cx_str_is(in->format, "none")) /* §8.7: the statement is an empty map */
        return in->statement.len == 1 && in->statement.ptr[0] == 0xa0 ? CX_OK : CX_ERR(PARSE);
    if (!cx_str_is(in->format, "packed"))
        return CX_ERR(POLICY);
    if (fido_cred_set_rp(cred, rp_id, NULL) != FIDO_OK ||
        fido_cred_set_clientdata_hash(cred, in->client_data_hash, CRYPTO_FIDO_HASH_LEN) !=
            FIDO_OK ||
        fido_cred_set_uv(cred, FIDO_OPT_TRUE) != FIDO_OK ||
        fido_cred_set_fmt(cred, "packed") != FIDO_OK ||
        fido_cred_set_attstmt(cred, in->statement.ptr, in->statement.len) != FIDO_OK)
        return CX_ERR(PARSE);
    if (fido_cred_x5c_ptr(cred)) /* a chain that nobody here asked for and nobody would check */
        return CX_ERR(POLICY);
    return fido_cred_verify_self(cred) == FIDO_OK ? CX_OK : CX_ERR(CRYPTO);
}

static cx_err take_credential(const fido_cred_t *cred, struct crypto_fido_credential *credential)
{
    CX_CLEANUP(public_key_clear) struct public_key key = {0};
    credential->id_len = fido_cred_id_len(cred);
    credential->key_len = fido_cred_pubkey_len(cred);
    if (credential->id_len == 0 || credential->id_len > sizeof(credential->id) ||
        credential->key_len == 0 || credential->key_len > sizeof(credential->key))
        return CX_ERR(PARSE);
    memcpy(credential->id, fido_cred_id_ptr(cred), credential->id_len);
    memcpy(credential->key, fido_cred_pubkey_ptr(cred), credential->key_len);
    credential->flags = fido_cred_flags(cred);
    credential->sign_count = fido_cred_sigcount(cred);
    return public_key_make(credential->algorithm, CX_BYTES(credential->key, credential->key_len),
                           &key);
}

cx_err crypto_fido_register(const struct crypto_fido_registration *in,
                            struct crypto_fido_credential *ret_credential)
{
    char rp_id[CRYPTO_FIDO_RP_ID_MAX + 1];
    struct crypto_fido_credential credential = {0};
    start_once();
    CX_TRY(copy_rp_id(in->rp_id, rp_id));
    CX_TRY(check_head(in->authenticator_data, in->rp_id));
    CX_CLEANUP(cred_freep) fido_cred_t *cred = NULL;
    CX_TRY(read_authenticator_data(in->authenticator_data, &cred, &credential.algorithm));
    CX_TRY(check_statement(cred, in, rp_id));
    CX_TRY(take_credential(cred, &credential));
    *ret_credential = credential;
    return CX_OK;
}

cx_err crypto_fido_assert(const struct crypto_fido_assertion *in, uint8_t *ret_flags,
                          uint32_t *ret_sign_count)
{
    char rp_id[CRYPTO_FIDO_RP_ID_MAX + 1];
    CX_CLEANUP(public_key_clear) struct public_key key = {0};
    start_once();
    CX_TRY(copy_rp_id(in->rp_id, rp_id));
    CX_TRY(check_head(in->authenticator_data, in->rp_id));
    CX_TRY(public_key_make(in->algorithm, in->key, &key));
    CX_CLEANUP(assert_freep) fido_assert_t *made = fido_assert_new();
    if (!made)
        return CX_ERR(NOMEM);
    if (fido_assert_set_rp(made, rp_id) != FIDO_OK || fido_assert_set_count(made, 1) != FIDO_OK ||
        fido_assert_set_clientdata_hash(made, in->client_data_hash, CRYPTO_FIDO_HASH_LEN) !=
            FIDO_OK ||
        fido_assert_set_up(made, FIDO_OPT_TRUE) != FIDO_OK ||
        fido_assert_set_uv(made, FIDO_OPT_TRUE) != FIDO_OK ||
        fido_assert_set_authdata_raw(made, 0, in->authenticator_data.ptr,
                                     in->authenticator_data.len) != FIDO_OK ||
        fido_assert_set_sig(made, 0, in->signature.ptr, in->signature.len) != FIDO_OK)
        return CX_ERR(PARSE);
    if (fido_assert_verify(made, 0, (int)in->algorithm, public_key_pointer(&key)) != FIDO_OK)
        return CX_ERR(CRYPTO);
    *ret_flags = fido_assert_flags(made, 0);
    *ret_sign_count = fido_assert_sigcount(made, 0);
    return CX_OK;
}
