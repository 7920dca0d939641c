/* Certificates: every view lies inside the input; what reads as an issuer has a key that is known here. */
#include "tests/fuzz/fuzz.h"
#include "pki/certificate.h"

static void inside(struct cx_bytes view, struct cx_bytes all)
{
    FUZZ_REQUIRE(view.len == 0 ||
                 (view.ptr >= all.ptr && view.ptr + view.len <= all.ptr + all.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT(1 << 20);
    struct cx_diag diag = CX_DIAG_INIT;
    struct cx_bytes der = CX_BYTES(data, size);
    struct pki_certificate certificate;
    struct pki_issuer issuer;
    if (cx_failed(pki_certificate_parse(der, &diag, &certificate))) {
        FUZZ_REQUIRE(diag.text[0]);
    } else {
        inside(certificate.tbs, der);
        inside(certificate.serial, certificate.tbs);
        inside(certificate.spki, certificate.tbs);
        inside(certificate.signature, der);
        FUZZ_REQUIRE(certificate.extension_count <= PKI_EXTENSIONS_MAX);
        for (size_t i = 0; i < certificate.extension_count; i++)
            inside(certificate.extensions[i].value, certificate.tbs);
        if (cx_is_ok(pki_issuer_from_certificate(&arena, &certificate, &diag, &issuer)))
            FUZZ_REQUIRE(issuer.key_type < PKI_KEY_COUNT);
    }
    arena_clear(&arena);
    return 0;
}
