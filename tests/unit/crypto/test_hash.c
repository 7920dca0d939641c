#include "tests/lib/test.h"
#include "crypto/hash.h"
#include "tests/lib/hex.h"

static void assert_hex(struct cx_bytes got, const char *expected)
{
    struct cx_bytes want = HEX(expected);
    assert_bytes(got, want.ptr, want.len);
}

/* FIPS 180-4 examples ("abc"). */
static void test_digest(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "a9993e364706816aba3e25717850c26c9cd0d89d",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134"
        "c825a7",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3"
        "feebbd"
        "454d4423643ce80e2a9ac94fa54ca49f"};
    const struct cx_bytes pieces[] = {CX_BYTES("a", 1), CX_BYTES_NONE, CX_BYTES("bc", 2)};
    for (int hash = CRYPTO_SHA1; hash <= CRYPTO_SHA512; hash++) {
        uint8_t digest[64];
        assert_ok(crypto_digest((enum crypto_hash)hash, pieces, 3, digest));
        assert_hex(CX_BYTES(digest, crypto_hash_len((enum crypto_hash)hash)), expected[hash]);
    }
}

/* RFC 4231 §4.2, §4.3, §4.7. */
static void test_hmac(void **state)
{
    (void)state;
    uint8_t mac[CRYPTO_SHA256_LEN];
    struct cx_bytes message = CX_BYTES("Hi There", 8);
    assert_ok(
        crypto_hmac_sha256(HEX("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), &message, 1, mac));
    assert_hex(CX_BYTES(mac, 32),
               "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    const struct cx_bytes pieces[] = {CX_BYTES("what do ya want ", 16),
                                      CX_BYTES("for nothing?", 12)};
    assert_ok(crypto_hmac_sha256(CX_BYTES("Jefe", 4), pieces, 2, mac));
    assert_hex(CX_BYTES(mac, 32),
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    uint8_t long_key[131];
    memset(long_key, 0xAA, sizeof(long_key));
    message = CX_BYTES("Test Using Larger Than Block-Size Key - Hash Key First", 54);
    assert_ok(crypto_hmac_sha256(CX_BYTES(long_key, sizeof(long_key)), &message, 1, mac));
    assert_hex(CX_BYTES(mac, 32),
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* HMAC with an empty key and message (Wikipedia, RFC 2104 reference code): the key must not be kept
 * from before. */
static void test_hmac_empty_key(void **state)
{
    (void)state;
    uint8_t mac[CRYPTO_SHA256_LEN];
    struct cx_bytes none = CX_BYTES_NONE;
    assert_ok(crypto_hmac_sha256(CX_BYTES("other", 5), &none, 1, mac));
    assert_ok(crypto_hmac_sha256(CX_BYTES_NONE, &none, 1, mac));
    assert_hex(CX_BYTES(mac, 32),
               "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

/* RFC 5869 appendix A.1, A.2, A.3. */
static void test_hkdf(void **state)
{
    (void)state;
    uint8_t okm[82];
    uint8_t ramp[256];
    for (int i = 0; i < 256; i++)
        ramp[i] = (uint8_t)i;
    struct cx_bytes ikm = HEX("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
    assert_ok(crypto_hkdf_sha256(ikm, CX_BYTES(ramp, 13), CX_BYTES(ramp + 0xF0, 10), okm, 42));
    assert_hex(CX_BYTES(okm, 42),
               "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf3400720"
               "8d5b887185865");
    assert_ok(crypto_hkdf_sha256(CX_BYTES(ramp, 80), CX_BYTES(ramp + 0x60, 80),
                                 CX_BYTES(ramp + 0xB0, 80), okm, 82));
    assert_hex(
        CX_BYTES(okm, 82),
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c6"
        "5e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
    assert_ok(crypto_hkdf_sha256(ikm, CX_BYTES_NONE, CX_BYTES_NONE, okm, 42));
    assert_hex(CX_BYTES(okm, 42),
               "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d20139"
               "5faa4b61a96c8");
    struct crypto_hmac_key prepared;
    uint8_t prk[32], expanded[42];
    struct cx_bytes salt = CX_BYTES(ramp, 13);
    assert_ok(crypto_hmac_sha256(salt, &ikm, 1, prk));
    assert_ok(crypto_hmac_key_init(CX_BYTES(prk, sizeof(prk)), &prepared));
    assert_ok(crypto_hkdf_expand_sha256(&prepared, CX_BYTES(ramp + 0xF0, 10), expanded, 42));
    assert_ok(crypto_hkdf_sha256(ikm, salt, CX_BYTES(ramp + 0xF0, 10), okm, 42));
    assert_memory_equal(expanded, okm, 42);
    for (size_t len = 0; len < 200; len += 7) { /* shorter and longer than a block */
        uint8_t one[32], two[32];
        struct cx_bytes message = CX_BYTES(ramp, 100);
        assert_ok(crypto_hmac_sha256(CX_BYTES(ramp, len), &message, 1, one));
        assert_ok(crypto_hmac_key_init(CX_BYTES(ramp, len), &prepared));
        assert_ok(crypto_hmac_key_mac(&prepared, &message, 1, two));
        assert_memory_equal(one, two, 32);
    }
    assert_err(crypto_hkdf_sha256(ikm, ikm, ikm, okm, 0), USAGE);
    assert_err(crypto_hkdf_sha256(ikm, ikm, ikm, okm, 255 * 32 + 1), USAGE);
}

static void test_ct_equal(void **state)
{
    (void)state;
    assert_true(crypto_ct_equal(CX_BYTES("abc", 3), CX_BYTES("abc", 3)));
    assert_false(crypto_ct_equal(CX_BYTES("abc", 3), CX_BYTES("abd", 3)));
    assert_false(crypto_ct_equal(CX_BYTES("abc", 3), CX_BYTES("ab", 2)));
    assert_true(crypto_ct_equal(CX_BYTES_NONE, CX_BYTES_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_digest), cmocka_unit_test(test_hmac),
                                       cmocka_unit_test(test_hmac_empty_key),
                                       cmocka_unit_test(test_hkdf),
                                       cmocka_unit_test(test_ct_equal)};
    return cmocka_run_group_tests_name("crypto/hash", tests, NULL, NULL);
}
