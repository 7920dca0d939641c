/* A client certificate before a trusted CA: whatever octets come, only the one that the CA signed for clients is good. */
#include "tests/fuzz/fuzz.h"

#include "crypto/client_chain.h"
#include "tests/unit/crypto/client_chain_vectors.h"

enum { TBS_START = 4 };

/* What is signed: a SEQUENCE with a length of one octet or two. */
static size_t tbs_len(void)
{
    const uint8_t *at = vector_good + TBS_START;
    return at[1] == 0x82 ? 4 + (size_t)(at[2] << 8 | at[3]) : 3 + (size_t)at[2];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cx_bytes ca = CX_BYTES(vector_ca, sizeof(vector_ca));
    const cx_time at_us = INT64_C(1830000000) * CX_US_PER_S;
    struct crypto_chain_verdict verdict;
    cx_err err = crypto_client_chain_verify(CX_BYTES(data, size), &ca, 1, at_us, &verdict);
    if (cx_failed(err)) {
        FUZZ_REQUIRE(err.code == CX_E_PARSE || err.code == CX_E_CRYPTO || err.code == CX_E_NOMEM);
        return 0;
    }
    FUZZ_REQUIRE(verdict.text != NULL);
    /* Nobody here has the CA's key: what is accepted is what it signed. */
    if (verdict.fault == CRYPTO_CHAIN_GOOD)
        FUZZ_REQUIRE(memmem(data, size, vector_good + TBS_START, tbs_len()) != NULL);
    return 0;
}
