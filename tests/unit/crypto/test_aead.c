#include "tests/lib/test.h"
#include "base/cleanup.h"
#include "crypto/aead.h"
#include "tests/lib/hex.h"

/* McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13, 14 and 16 (AES-256), as
 * in NIST's validation set. */
static const struct {
    const char *key, *nonce, *aad, *plain, *sealed;
} vectors[] = {
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "", "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b"
     "525b16aedf5"
     "aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828"
     "838c5f61e63"
     "93ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"},
};

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(512);
        struct cx_bytes key = HEX(vectors[i].key);
        struct cx_bytes nonce = HEX(vectors[i].nonce);
        struct cx_bytes aad = HEX(vectors[i].aad);
        struct cx_bytes plain = HEX(vectors[i].plain);
        struct cx_bytes sealed = HEX(vectors[i].sealed);
        assert_ok(crypto_gcm_seal(key, nonce, aad, plain, &out));
        assert_bytes(cx_buf_view(&out), sealed.ptr, sealed.len);
        cx_buf_reset(&out);
        assert_ok(crypto_gcm_open(key, nonce, aad, sealed, &out));
        assert_bytes(cx_buf_view(&out), plain.ptr, plain.len);
    }
}

/* Every single-bit change of ciphertext, tag, nonce, key or additional data is noticed, and leaves
 * nothing behind. */
static void test_tampering(void **state)
{
    (void)state;
    struct cx_bytes parts[4] = {HEX(vectors[2].key), HEX(vectors[2].nonce), HEX(vectors[2].aad),
                                HEX(vectors[2].sealed)};
    for (size_t part = 0; part < 4; part++)
        for (size_t bit = 0; bit < parts[part].len * 8; bit += 3) {
            CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(512);
            assert_ok(cx_buf_add_str(&out, CX_STR("kept")));
            uint8_t *byte = (uint8_t *)(uintptr_t)&parts[part].ptr[bit / 8];
            *byte ^= (uint8_t)(1u << (bit % 8));
            assert_err(crypto_gcm_open(parts[0], parts[1], parts[2], parts[3], &out), CRYPTO);
            *byte ^= (uint8_t)(1u << (bit % 8));
            assert_bytes(cx_buf_view(&out), "kept", 4);
            for (size_t i = out.len; i < out.cap && i < out.len + 60; i++)
                assert_int_equal(out.ptr[i], 0);
        }
}

static void test_limits(void **state)
{
    (void)state;
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(20);
    struct cx_bytes key = HEX(vectors[0].key);
    struct cx_bytes nonce = HEX(vectors[0].nonce);
    assert_err(crypto_gcm_seal(key, nonce, key, CX_BYTES("12345", 5), &out), LIMIT);
    assert_err(crypto_gcm_seal(nonce, nonce, key, CX_BYTES("1234", 4), &out), USAGE);
    assert_err(crypto_gcm_seal(key, key, key, CX_BYTES("1234", 4), &out), USAGE);
    assert_err(crypto_gcm_open(key, nonce, key, CX_BYTES("123456789012345", 15), &out), CRYPTO);
    assert_int_equal(out.len, 0);
    assert_ok(crypto_gcm_seal(key, nonce, key, CX_BYTES("1234", 4), &out));
    assert_int_equal(out.len, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors),
                                       cmocka_unit_test(test_tampering),
                                       cmocka_unit_test(test_limits)};
    return cmocka_run_group_tests_name("crypto/aead", tests, NULL, NULL);
}
