#include "tests/lib/test.h"
#include "crypto/jose.h"

static const uint8_t message[] = "eyJhbGciOiJFUzI1NiJ9.e30";

static void what_is_signed_verifies_and_nothing_else(void **state)
{
    (void)state;
    static const enum crypto_key_type types[] = {CRYPTO_KEY_P256, CRYPTO_KEY_P384,
                                                 CRYPTO_KEY_RSA2048, CRYPTO_KEY_ED25519};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct crypto_key *key = NULL;
        struct cx_buf signature = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX);
        struct cx_bytes text = CX_BYTES(message, sizeof(message));
        enum crypto_signature algorithm = crypto_key_signature(types[i]);
        assert_ok(crypto_key_generate(types[i], &key));
        for (int n = 0; n < 20; n++) { /* ECDSA numbers of every length */
            cx_buf_reset(&signature);
            assert_ok(crypto_jose_sign(key, text, &signature));
            assert_ok(
                crypto_jose_verify(crypto_key_spki(key), algorithm, text, cx_buf_view(&signature)));
        }
        signature.ptr[signature.len / 2] ^= 1;
        assert_err(
            crypto_jose_verify(crypto_key_spki(key), algorithm, text, cx_buf_view(&signature)),
            CRYPTO);
        assert_err(crypto_jose_verify(crypto_key_spki(key), algorithm, text,
                                      CX_BYTES(signature.ptr, signature.len - 1)),
                   CRYPTO);
        for (int other = 0; other < CRYPTO_SIGNATURE_COUNT; other++)
            if (other != (int)algorithm)
                assert_err(crypto_jose_verify(crypto_key_spki(key), (enum crypto_signature)other,
                                              text, cx_buf_view(&signature)),
                           USAGE);
        cx_buf_clear(&signature);
        crypto_key_free(key);
    }
}

/* RFC 7515 appendix A.3: key, signing input and signature. */
static void the_example_of_the_rfc_verifies(void **state)
{
    (void)state;
    static const char input[] =
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
        "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    static const uint8_t spki[91] = {
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
        0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
        0x04, 127,  205,  206,  39,   112,  246,  196,  93,   65,   131,  203,  238,
        111,  219,  75,   123,  88,   7,    51,   53,   123,  233,  239,  19,   186,
        207,  110,  60,   123,  209,  84,   69,   199,  241,  68,   205,  27,   189,
        155,  126,  135,  44,   223,  237,  185,  238,  185,  244,  179,  105,  93,
        110,  169,  11,   36,   173,  138,  70,   35,   40,   133,  136,  229,  173};
    static const uint8_t signature[64] = {
        14,  209, 33,  83,  121, 99,  108, 72,  60,  47,  127, 21,  88,  7,   212, 2,
        163, 178, 40,  3,   58,  249, 124, 126, 23,  129, 154, 195, 22,  158, 166, 101,
        197, 10,  7,   211, 140, 60,  112, 229, 216, 241, 45,  175, 8,   74,  84,  128,
        166, 101, 144, 197, 242, 147, 80,  154, 143, 63,  127, 138, 131, 163, 84,  213};
    assert_ok(crypto_jose_verify(CX_BYTES(spki, sizeof(spki)), CRYPTO_SIGNATURE_ECDSA_SHA256,
                                 CX_BYTES(input, sizeof(input) - 1),
                                 CX_BYTES(signature, sizeof(signature))));
}

static void zeros_are_no_signature(void **state)
{
    (void)state;
    static const uint8_t zeros[64];
    struct crypto_key *key = NULL;
    assert_ok(crypto_key_generate(CRYPTO_KEY_P256, &key));
    assert_err(crypto_jose_verify(crypto_key_spki(key), CRYPTO_SIGNATURE_ECDSA_SHA256,
                                  CX_BYTES(message, sizeof(message)), CX_BYTES(zeros, 64)),
               CRYPTO);
    crypto_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_signed_verifies_and_nothing_else),
        cmocka_unit_test(the_example_of_the_rfc_verifies),
        cmocka_unit_test(zeros_are_no_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
