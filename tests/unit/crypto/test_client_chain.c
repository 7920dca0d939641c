/* One fault at a time, and each named; the times to the second. */
#include "tests/lib/test.h"

#include "client_chain_vectors.h"
#include "crypto/client_chain.h"

#define VECTOR(name) CX_BYTES(vector_##name, sizeof(vector_##name))

static const cx_time AT_US = INT64_C(1830000000) * CX_US_PER_S; /* 2027-12 */

static enum crypto_chain_fault fault_of(struct cx_bytes leaf, struct cx_bytes trusted,
                                        cx_time at_us)
{
    struct crypto_chain_verdict verdict;
    assert_ok(crypto_client_chain_verify(leaf, &trusted, trusted.len ? 1 : 0, at_us, &verdict));
    assert_non_null(verdict.text);
    return verdict.fault;
}

static void chains(void **state)
{
    (void)state;
    struct crypto_chain_verdict verdict;
    assert_int_equal(fault_of(VECTOR(good), VECTOR(ca), AT_US), CRYPTO_CHAIN_GOOD);
    assert_int_equal(fault_of(VECTOR(good), CX_BYTES_NONE, AT_US), CRYPTO_CHAIN_ISSUER);
    /* The same name is not the same CA. */
    assert_int_equal(fault_of(VECTOR(good), VECTOR(twin), AT_US), CRYPTO_CHAIN_ISSUER);
    assert_int_equal(fault_of(VECTOR(forged), VECTOR(ca), AT_US), CRYPTO_CHAIN_ISSUER);
    assert_int_equal(fault_of(VECTOR(forged), VECTOR(twin), AT_US), CRYPTO_CHAIN_GOOD);
    /* A CA below a root ends the chain when it is the one that is trusted; what is between has to be there. */
    assert_int_equal(fault_of(VECTOR(below), VECTOR(above), AT_US), CRYPTO_CHAIN_GOOD);
    assert_int_equal(fault_of(VECTOR(below), VECTOR(ca), AT_US), CRYPTO_CHAIN_ISSUER);
    const struct cx_bytes both[] = {VECTOR(ca), VECTOR(above)};
    assert_ok(crypto_client_chain_verify(VECTOR(below), both, 2, AT_US, &verdict));
    assert_int_equal(verdict.fault, CRYPTO_CHAIN_GOOD);
}

static void purposes(void **state)
{
    (void)state;
    assert_int_equal(fault_of(VECTOR(server), VECTOR(ca), AT_US), CRYPTO_CHAIN_PURPOSE);
    assert_int_equal(fault_of(VECTOR(plain), VECTOR(ca), AT_US), CRYPTO_CHAIN_PURPOSE);
    assert_int_equal(fault_of(VECTOR(any), VECTOR(ca), AT_US), CRYPTO_CHAIN_PURPOSE);
    assert_int_equal(fault_of(VECTOR(above), VECTOR(ca), AT_US), CRYPTO_CHAIN_PURPOSE);
    /* Trusting the certificate itself does not make it one of a client. */
    assert_int_equal(fault_of(VECTOR(server), VECTOR(server), AT_US), CRYPTO_CHAIN_PURPOSE);
}

/* The first and the last second of the leaf. */
static void times(void **state)
{
    (void)state;
    cx_time start_us = VECTOR_GOOD_START_S * CX_US_PER_S, end_us = VECTOR_GOOD_END_S * CX_US_PER_S;
    assert_int_equal(fault_of(VECTOR(good), VECTOR(ca), start_us), CRYPTO_CHAIN_GOOD);
    assert_int_equal(fault_of(VECTOR(good), VECTOR(ca), start_us - CX_US_PER_S * 60),
                     CRYPTO_CHAIN_NOT_YET);
    assert_int_equal(fault_of(VECTOR(good), VECTOR(ca), end_us - CX_US_PER_S), CRYPTO_CHAIN_GOOD);
    assert_int_equal(fault_of(VECTOR(good), VECTOR(ca), end_us + CX_US_PER_S),
                     CRYPTO_CHAIN_EXPIRED);
}

static void what_is_no_certificate(void **state)
{
    (void)state;
    uint8_t longer[sizeof(vector_good) + 1] = {0}, bent[sizeof(vector_good)];
    struct crypto_chain_verdict verdict;
    struct cx_bytes ca = VECTOR(ca), many[CRYPTO_CHAIN_TRUSTED_MAX + 1];
    memcpy(longer, vector_good, sizeof(vector_good));
    memcpy(bent, vector_good, sizeof(vector_good));
    bent[sizeof(bent) - 1] ^= 1; /* of the signature */
    assert_err(
        crypto_client_chain_verify(CX_BYTES(longer, sizeof(longer)), &ca, 1, AT_US, &verdict),
        PARSE);
    assert_err(crypto_client_chain_verify(CX_BYTES(bent, 40), &ca, 1, AT_US, &verdict), PARSE);
    assert_err(crypto_client_chain_verify(CX_BYTES_NONE, &ca, 1, AT_US, &verdict), PARSE);
    assert_int_equal(fault_of(CX_BYTES(bent, sizeof(bent)), ca, AT_US), CRYPTO_CHAIN_ISSUER);
    for (size_t i = 0; i <= CRYPTO_CHAIN_TRUSTED_MAX; i++)
        many[i] = ca;
    assert_err(crypto_client_chain_verify(VECTOR(good), many, CRYPTO_CHAIN_TRUSTED_MAX + 1, AT_US,
                                          &verdict),
               LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(chains), cmocka_unit_test(purposes),
                                       cmocka_unit_test(times),
                                       cmocka_unit_test(what_is_no_certificate)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
