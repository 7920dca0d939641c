#include "tests/lib/test.h"
#include "crypto/key.h"
#include "tests/lib/hex.h"

#include <openssl/err.h>

static const struct cx_bytes message = {(const uint8_t *)"attack at dawn", 14};

static void test_every_type(void **state)
{
    (void)state;
    for (int type = 0; type < CRYPTO_KEY_COUNT; type++) {
        if (type == CRYPTO_KEY_RSA4096)
            continue; /* seconds to generate; the same code as 3072 */
        CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
        assert_ok(crypto_key_generate((enum crypto_key_type)type, &key));
        assert_int_equal(crypto_key_type(key), type);
        CX_CLEANUP(cx_secret_clear) struct cx_secret pkcs8 = CX_SECRET_INIT;
        assert_ok(crypto_key_to_pkcs8(key, &pkcs8));
        CX_CLEANUP(crypto_key_freep) struct crypto_key *again = NULL;
        assert_ok(crypto_key_from_pkcs8(cx_secret_view(&pkcs8), &again));
        struct cx_bytes spki = crypto_key_spki(again);
        assert_bytes(spki, crypto_key_spki(key).ptr, crypto_key_spki(key).len);
        CX_CLEANUP(crypto_key_freep) struct crypto_key *public = NULL;
        assert_ok(crypto_key_from_spki(spki, &public));
        assert_false(crypto_key_is_private(public));
        enum crypto_signature algorithm = crypto_key_signature((enum crypto_key_type)type);
        CX_CLEANUP(cx_buf_clear) struct cx_buf signature = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX);
        assert_ok(crypto_sign(again, algorithm, message, &signature));
        assert_ok(crypto_verify(public, algorithm, message, cx_buf_view(&signature)));
        assert_err(crypto_verify(public, algorithm, CX_BYTES("attack at dusk", 14),
                                 cx_buf_view(&signature)),
                   CRYPTO);
        signature.ptr[signature.len / 2] ^= 1;
        assert_err(crypto_verify(public, algorithm, message, cx_buf_view(&signature)), CRYPTO);
        assert_err(crypto_sign(public, algorithm, message, &signature), USAGE);
        CX_CLEANUP(cx_secret_clear) struct cx_secret none = CX_SECRET_INIT;
        assert_err(crypto_key_to_pkcs8(public, &none), USAGE);
        enum crypto_signature foreign =
            type == CRYPTO_KEY_ED25519 ? CRYPTO_SIGNATURE_RSA_SHA256 : CRYPTO_SIGNATURE_ED25519;
        assert_err(crypto_sign(again, foreign, message, &signature), USAGE);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

/* RFC 8032 §7.1, tests 1 and 2: signatures are deterministic, so the bytes must match. */
static void test_ed25519_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *seed, *public, *text, *signature;
    } v[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
         "cf9b46bd25bf5f0"
         "595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d"
         "0f11d8c387b2eae"
         "b4302aeeb00d291612bb0c00"},
    };
    for (size_t i = 0; i < 2; i++) {
        CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
        assert_ok(crypto_key_from_seed(HEX(v[i].seed), &key));
        struct cx_bytes spki = crypto_key_spki(key);
        struct cx_bytes public = HEX(v[i].public);
        assert_bytes(CX_BYTES(spki.ptr + 12, spki.len - 12), public.ptr, public.len);
        CX_CLEANUP(cx_buf_clear) struct cx_buf signature = CX_BUF_INIT(64);
        assert_ok(crypto_sign(key, CRYPTO_SIGNATURE_ED25519, HEX(v[i].text), &signature));
        struct cx_bytes want = HEX(v[i].signature);
        assert_bytes(cx_buf_view(&signature), want.ptr, want.len);
    }
    struct crypto_key *none = NULL;
    assert_err(crypto_key_from_seed(HEX("00"), &none), USAGE);
}

/* RFC 6979 A.2.5: key pair and signature of "sample" with SHA-256. */
static void test_p256_fast_path(void **state)
{
    (void)state;
    struct cx_bytes point = HEX("0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                                "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
    struct cx_bytes signature =
        HEX("3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
            "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
    struct cx_bytes text = CX_BYTES("sample", 6);
    for (int round = 0; round < 3; round++) {
        assert_ok(crypto_verify_p256(point.ptr, text, signature));
        assert_err(crypto_verify_p256(point.ptr, CX_BYTES("samplf", 6), signature), CRYPTO);
        uint8_t *p = (uint8_t *)(uintptr_t)point.ptr;
        p[40] ^= 1; /* not on the curve */
        assert_err(crypto_verify_p256(point.ptr, text, signature), CRYPTO);
        p[40] ^= 1;
        p[0] = 0x02;
        assert_err(crypto_verify_p256(point.ptr, text, signature), CRYPTO);
        p[0] = 0x04;
        assert_err(crypto_verify_p256(point.ptr, text, CX_BYTES(signature.ptr, signature.len - 1)),
                   CRYPTO);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

/* One key has one encoding; everything else is refused. */
static void test_spki_refused(void **state)
{
    (void)state;
    static const struct {
        const char *what, *hex;
        enum cx_category code;
    } cases[] = {
        {"compressed point",
         "3039301306072a8648ce3d020106082a8648ce3d0301070322000360fed4ba255a9d31c961eb74c6356d68"
         "c049b8923b61fa6ce669622e60f29fb6",
         CX_E_POLICY},
        {"point off the curve",
         "3059301306072a8648ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31c961eb74c6356d68c04"
         "9b8923b61fa6ce669"
         "622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462298",
         CX_E_PARSE},
        {"trailing byte",
         "3059301306072a8648ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31c961eb74c6356d68c04"
         "9b8923b61fa6ce669"
         "622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d446229900",
         CX_E_PARSE},
        {"X25519",
         "302a300506032b656e032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
         CX_E_POLICY},
        {"secp256k1",
         "3056301006072a8648ce3d020106052b8104000a0342000479be667ef9dcbbac55a06295ce870b07029bfcdb2"
         "dce28"
         "d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
         CX_E_POLICY},
        {"empty", "", CX_E_POLICY},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct crypto_key *key = NULL;
        cx_err err = crypto_key_from_spki(HEX(cases[i].hex), &key);
        if (err.code != cases[i].code)
            fail_msg("%s: %s", cases[i].what, cx_err_name(err));
        assert_null(key);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

/* Every truncation of a PKCS#8 file is refused; a flipped bit is refused or, where OpenSSL
 * tolerates another spelling (version, unused bits), changes nothing about the key. */
static void test_pkcs8_mutated(void **state)
{
    (void)state;
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    assert_ok(crypto_key_generate(CRYPTO_KEY_P256, &key));
    CX_CLEANUP(cx_secret_clear) struct cx_secret der = CX_SECRET_INIT;
    assert_ok(crypto_key_to_pkcs8(key, &der));
    for (size_t bit = 0; bit < der.len * 8; bit++) {
        der.ptr[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        CX_CLEANUP(crypto_key_freep) struct crypto_key *got = NULL;
        if (cx_is_ok(crypto_key_from_pkcs8(cx_secret_view(&der), &got)))
            assert_bytes(crypto_key_spki(got), crypto_key_spki(key).ptr, crypto_key_spki(key).len);
        der.ptr[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t len = 0; len < der.len; len++) {
        struct crypto_key *got = NULL;
        assert_err(crypto_key_from_pkcs8(CX_BYTES(der.ptr, len), &got), PARSE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type), cmocka_unit_test(test_ed25519_vectors),
        cmocka_unit_test(test_p256_fast_path), cmocka_unit_test(test_spki_refused),
        cmocka_unit_test(test_pkcs8_mutated)};
    return cmocka_run_group_tests_name("crypto/key", tests, NULL, NULL);
}
