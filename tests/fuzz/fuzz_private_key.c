/* PKCS#8 and SubjectPublicKeyInfo: a private key that is accepted is written and read again as the same key; a public key
 * is only accepted in the octets that it is written in. */
#include "tests/fuzz/fuzz.h"
#include "base/cleanup.h"
#include "crypto/key.h"
#include "crypto/weak_key.h"

static void private_key(struct cx_bytes der)
{
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    CX_CLEANUP(crypto_key_freep) struct crypto_key *again = NULL;
    CX_CLEANUP(cx_secret_clear) struct cx_secret back = CX_SECRET_INIT;
    if (cx_failed(crypto_key_from_pkcs8(der, &key))) {
        FUZZ_REQUIRE(!key);
        return;
    }
    FUZZ_REQUIRE(crypto_key_is_private(key) && crypto_key_type(key) < CRYPTO_KEY_COUNT);
    FUZZ_REQUIRE(cx_is_ok(crypto_key_to_pkcs8(key, &back)));
    FUZZ_REQUIRE(cx_is_ok(crypto_key_from_pkcs8(cx_secret_view(&back), &again)));
    FUZZ_REQUIRE(cx_bytes_eq(crypto_key_spki(key), crypto_key_spki(again)));
}

static void public_key(struct cx_bytes der)
{
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    enum crypto_key_type type = CRYPTO_KEY_COUNT;
    struct cx_diag diag = CX_DIAG_INIT;
    bool typed = cx_is_ok(crypto_spki_type(der, &type));
    FUZZ_REQUIRE(typed == (type != CRYPTO_KEY_COUNT));
    if (cx_is_ok(crypto_key_strong(der, NULL, "key", &diag)))
        FUZZ_REQUIRE(typed);
    else
        FUZZ_REQUIRE(diag.rule[0] != '\0');
    if (cx_failed(crypto_key_from_spki(der, &key)))
        return;
    FUZZ_REQUIRE(typed && crypto_key_type(key) == type && !crypto_key_is_private(key));
    FUZZ_REQUIRE(cx_bytes_eq(crypto_key_spki(key), der));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    private_key(CX_BYTES(data, size));
    public_key(CX_BYTES(data, size));
    return 0;
}
