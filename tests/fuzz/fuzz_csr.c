/* Requests: whatever is accepted has a key, and OpenSSL reads the same bytes out of it. */
#include "tests/fuzz/fuzz.h"
#include "crypto/csr_openssl.h"
#include "pki/csr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT(1 << 20);
    struct cx_diag diag = CX_DIAG_INIT;
    struct pki_csr csr;
    struct crypto_csr other;
    cx_err err = pki_csr_parse(&arena, CX_BYTES(data, size), &diag, &csr);
    if (cx_failed(err)) {
        FUZZ_REQUIRE(diag.rule[0] && diag.text[0]);
    } else {
        FUZZ_REQUIRE(cx_is_ok(crypto_csr_read(&arena, csr.der, &other)));
        FUZZ_REQUIRE(cx_bytes_eq(other.spki, csr.spki));
        FUZZ_REQUIRE(cx_bytes_eq(other.subject, csr.subject_der));
        FUZZ_REQUIRE(cx_bytes_eq(other.names, csr.names_der));
    }
    arena_clear(&arena);
    return 0;
}
