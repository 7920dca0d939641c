/* The certificate of a tls-alpn-01 server. What passes holds the digest and the name, octet by octet. */
#include "tests/fuzz/fuzz.h"
#include "outbound/alpn_certificate.h"

static const uint8_t digest[ALPN_DIGEST_LEN] = {1, 2, 3};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cx_diag diag = CX_DIAG_INIT;
    const struct alpn_expected expected = {.name = CX_STR("a.example.org"),
                                           .digest = CX_BYTES(digest, sizeof(digest))};
    cx_err err = alpn_certificate_check(CX_BYTES(data, size), &expected, &diag);
    if (cx_is_ok(err)) {
        FUZZ_REQUIRE(size > 100);
        FUZZ_REQUIRE(memmem(data, size, digest, sizeof(digest)) != NULL);
    } else {
        FUZZ_REQUIRE(err.code == CX_E_PARSE || err.code == CX_E_POLICY ||
                     err.code == CX_E_CONFLICT);
        FUZZ_REQUIRE(diag.text[0] != '\0');
    }
    return 0;
}
