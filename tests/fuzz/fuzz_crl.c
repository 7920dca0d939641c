/* CRLs as read back from a file: what is accepted lies inside the input, and every entry and extension can be walked. */
#include "tests/fuzz/fuzz.h"

#include "pki/crl_view.h"

static void inside(struct cx_bytes view, struct cx_bytes all)
{
    FUZZ_REQUIRE(view.len == 0 ||
                 (view.ptr >= all.ptr && view.ptr + view.len <= all.ptr + all.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cx_bytes der = CX_BYTES(data, size), oid, value;
    struct pki_crl_view view;
    struct der_reader list;
    uint64_t number = 0;
    if (cx_failed(pki_crl_view_parse(der, &view)))
        return 0;
    inside(view.issuer, der);
    inside(view.revoked.rest, der);
    inside(view.extensions.rest, der);
    bool has_number = cx_is_ok(pki_crl_view_number(&view, &number));
    if (cx_failed(pki_crl_extensions(&view, &list))) {
        FUZZ_REQUIRE(!has_number);
        return 0;
    }
    while (cx_is_ok(pki_crl_extension_next(&list, &oid, &value)))
        inside(value, der);
    return 0;
}
