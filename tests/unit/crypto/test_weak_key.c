#include "tests/lib/test.h"
#include "crypto/key.h"
#include "crypto/key_list.h"
#include "crypto/weak_key.h"
#include "tests/lib/hex.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <stdio.h>
#include <unistd.h>

/* SubjectPublicKeyInfo of an RSA key with this modulus and exponent. */
static struct cx_bytes rsa_spki(const BIGNUM *n, unsigned long e, uint8_t out[static 1024])
{
    BIGNUM *exponent = BN_new();
    BN_set_word(exponent, e);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    uint8_t *at = out;
    int len = i2d_PUBKEY(key, &at);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    BN_free(exponent);
    ERR_clear_error();
    return CX_BYTES(out, len);
}

static void expect(struct cx_bytes spki, struct crypto_key_lists *lists, const char *rule)
{
    struct cx_diag diag = CX_DIAG_INIT;
    cx_err err = crypto_key_strong(spki, lists, "/public_key", &diag);
    if (strcmp(diag.rule, rule) != 0)
        fail_msg("expected rule \"%s\", got %s \"%s\"", rule, cx_err_name(err), diag.rule);
    assert_int_equal(err.code, rule[0] ? CX_E_POLICY : CX_E_OK);
    assert_int_equal(ERR_peek_error(), 0);
}

static void test_good_keys(void **state)
{
    (void)state;
    for (int type = 0; type < CRYPTO_KEY_COUNT; type++) {
        CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
        if (type == CRYPTO_KEY_RSA4096 || type == CRYPTO_KEY_RSA3072)
            continue; /* slow to make */
        assert_ok(crypto_key_generate((enum crypto_key_type)type, &key));
        expect(crypto_key_spki(key), NULL, "");
    }
}

/* p = k·M + (65537^a mod M), M the product of the first 126 primes: how the broken library made 2048-bit keys. */
static void roca_prime(BIGNUM *prime, BN_CTX *ctx)
{
    BIGNUM *m = BN_new();
    BIGNUM *power = BN_new();
    BIGNUM *a = BN_new();
    BN_one(m);
    int count = 0;
    for (unsigned p = 2; count < 126; p++) {
        bool composite = false;
        for (unsigned d = 2; d * d <= p && !composite; d++)
            composite = p % d == 0;
        if (composite)
            continue;
        BN_mul_word(m, p);
        count++;
    }
    do {
        BIGNUM *base = BN_new();
        BN_set_word(base, 65537);
        BN_rand(a, 200, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY);
        BN_mod_exp(power, base, a, m, ctx);
        BN_rand(prime, 1024 - BN_num_bits(m) + 1, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY);
        BN_mul(prime, prime, m, ctx);
        BN_add(prime, prime, power);
        BN_free(base);
    } while (BN_num_bits(prime) != 1024 || BN_check_prime(prime, ctx, NULL) != 1);
    BN_free(m);
    BN_free(power);
    BN_free(a);
}

static void test_roca(void **state)
{
    (void)state;
    uint8_t spki[1024];
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *p = BN_new();
    BIGNUM *q = BN_new();
    do {
        roca_prime(p, ctx);
        roca_prime(q, ctx);
        BN_mul(p, p, q, ctx);
    } while (BN_num_bits(p) != 2048);
    expect(rsa_spki(p, 65537, spki), NULL, "key-rsa-roca");
    BN_free(p);
    BN_free(q);
    BN_CTX_free(ctx);
}

static void test_close_primes(void **state)
{
    (void)state;
    uint8_t spki[1024];
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *p = BN_new();
    BIGNUM *q = BN_new();
    do {
        BN_generate_prime_ex2(p, 1024, 0, NULL, NULL, NULL, ctx);
        BN_copy(q, p);
        do
            BN_add_word(q, 2);
        while (BN_check_prime(q, ctx, NULL) != 1);
        BN_mul(p, p, q, ctx);
    } while (BN_num_bits(p) != 2048);
    expect(rsa_spki(p, 65537, spki), NULL, "key-rsa-close-primes");
    BN_sqr(p, q, ctx); /* the closest: one prime twice */
    if (BN_num_bits(p) == 2048)
        expect(rsa_spki(p, 65537, spki), NULL, "key-rsa-close-primes");
    BN_free(p);
    BN_free(q);
    BN_CTX_free(ctx);
}

static void test_rsa_numbers(void **state)
{
    (void)state;
    uint8_t spki[1024];
    BIGNUM *n = BN_new();
    BN_rand(n, 2048, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD);
    BN_add_word(n, (751 - BN_mod_word(n, 751)) % 751); /* 751: the largest factor that is refused */
    expect(rsa_spki(n, 65537, spki), NULL, "key-rsa-small-factor");
    BN_clear_bit(n, 0);
    expect(rsa_spki(n, 65537, spki), NULL, "key-rsa-small-factor");
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    assert_ok(crypto_key_generate(CRYPTO_KEY_RSA2048, &key));
    struct cx_bytes good = crypto_key_spki(key);
    BN_bin2bn(good.ptr + 33, 256, n);
    expect(rsa_spki(n, 3, spki), NULL, "key-rsa-exponent");
    expect(rsa_spki(n, 65535, spki), NULL, "key-rsa-exponent");
    expect(rsa_spki(n, 65538, spki), NULL, "key-rsa-exponent");
    expect(rsa_spki(n, 65537, spki), NULL, "");
    BN_rshift(n, n, 1024);
    expect(rsa_spki(n, 65537, spki), NULL, "key-unsupported");
    BN_free(n);
}

static void test_points(void **state)
{
    (void)state;
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    for (int type = CRYPTO_KEY_P256; type <= CRYPTO_KEY_P384; type++) {
        assert_ok(crypto_key_generate((enum crypto_key_type)type, &key));
        struct cx_bytes spki = crypto_key_spki(key);
        uint8_t copy[128];
        memcpy(copy, spki.ptr, spki.len);
        copy[spki.len - 1] ^= 1;
        expect(CX_BYTES(copy, spki.len), NULL, "key-point");
        crypto_key_free(key);
        key = NULL;
    }
}

static void test_builtin_list(void **state)
{
    (void)state;
    struct crypto_key_list *list = NULL;
    assert_ok(crypto_key_list_open(COMPROMISED_KEYS, &list));
    assert_in_range(crypto_key_list_count(list), 40, 1000);
    assert_int_equal(crypto_key_list_count(crypto_key_list_builtin()), crypto_key_list_count(list));
    /* RFC 9500 §2.3, testECCP256. */
    struct cx_bytes published =
        HEX("3059301306072a8648ce3d020106082a8648ce3d03010703420004422548f88fb782ffb5eca3744452c"
            "72a1e558fbd6f73be5e48"
            "e93232cc45c5b16c4cd10c4cb8d5b8a17139e94882c8992572993425f41419ab7e90a42a494272");
    expect(published, NULL, "key-compromised");
    assert_true(crypto_key_list_has(list, published));
    CX_CLEANUP(crypto_key_freep) struct crypto_key *key = NULL;
    assert_ok(crypto_key_from_seed(
        HEX("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"), &key));
    expect(crypto_key_spki(key), NULL, "key-compromised");
    CX_CLEANUP(crypto_key_freep) struct crypto_key *fresh = NULL;
    assert_ok(crypto_key_generate(CRYPTO_KEY_P256, &fresh));
    expect(crypto_key_spki(fresh), NULL, "");
    assert_false(crypto_key_list_has(list, crypto_key_spki(fresh)));
    crypto_key_list_free(list);
}

/* Of process 32767 on a little-endian 64-bit machine with a seed file; tests/unit/tools/test_debian_keys.py makes it anew. */
static const char debian_modulus[] = "C7953044A860F7366C45DD683702FE647C3019103681ECD11BFEF3BA65C92"
                                     "5DC97042221F72270D7E3E7768B0E08C7BB"
                                     "CEEEA28B6105D5FA90E93F682F782E6CF8B8158C8199460721FB5B680128D"
                                     "8D92849BEF21A4F6FAF0B0C437BD021C268"
                                     "7731178083DDB2FD521B763C9A6EF9172CA1050D9C3E4F5CF1FACA7562D69"
                                     "D596E3062D18ADDE8ACA7730382FC2DBB9D"
                                     "9A5C14357C9B9D26073F67B5E451DFADFDF5D55961ED88718E1DE5BA76824"
                                     "B7E611B114F0714791FEE1DF0E107ABCA22"
                                     "080348B6CB688A81D86C5DC0EED0CC5A17BE06DE5C84DA7E50CB58EF1BBCB"
                                     "3CFD2BDAE6E89EC432A6D06EB631FE42B4D"
                                     "458963D450B10922649966A27C3A1CEB";

static void test_debian_keys(void **state)
{
    (void)state;
    uint8_t spki[1024];
    BIGNUM *n = NULL;
    assert_in_range(crypto_debian_key_count(), 1000, 3 * 294912);
    BN_hex2bn(&n, debian_modulus);
    expect(rsa_spki(n, 65537, spki), NULL, "key-debian");
    expect(rsa_spki(n, 65539, spki), NULL, "key-debian"); /* the exponent does not matter */
    uint8_t modulus[256];
    BN_bn2bin(n, modulus);
    assert_true(crypto_debian_key(CX_BYTES(modulus, sizeof(modulus))));
    modulus[255] ^= 2;
    assert_false(crypto_debian_key(CX_BYTES(modulus, sizeof(modulus))));
    assert_false(crypto_debian_key(CX_BYTES_NONE));
    BN_free(n);
}

static void write_file(const char *path, const char *bytes, size_t len)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

static void test_list_refused(void **state)
{
    (void)state;
    char path[] = "/tmp/certinext-key-list-XXXXXX";
    int fd = mkstemp(path);
    close(fd);
    struct crypto_key_list *list = NULL;
    char bytes[8 + 64] = "CXKEYS1\n";
    memset(bytes + 8, 2, 32);
    memset(bytes + 40, 1, 32);
    write_file(path, bytes, 72); /* out of order */
    assert_err(crypto_key_list_open(path, &list), PARSE);
    memset(bytes + 40, 2, 32);
    write_file(path, bytes, 72); /* twice the same */
    assert_err(crypto_key_list_open(path, &list), PARSE);
    write_file(path, bytes, 71);
    assert_err(crypto_key_list_open(path, &list), PARSE);
    write_file(path, bytes, 7);
    assert_err(crypto_key_list_open(path, &list), PARSE);
    bytes[0] = 'x';
    write_file(path, bytes, 40);
    assert_err(crypto_key_list_open(path, &list), PARSE);
    unlink(path);
    assert_err(crypto_key_list_open(path, &list), IO);
    assert_null(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_keys),    cmocka_unit_test(test_roca),
        cmocka_unit_test(test_close_primes), cmocka_unit_test(test_rsa_numbers),
        cmocka_unit_test(test_points),       cmocka_unit_test(test_builtin_list),
        cmocka_unit_test(test_debian_keys),  cmocka_unit_test(test_list_refused)};
    return cmocka_run_group_tests_name("crypto/weak_key", tests, NULL, NULL);
}
