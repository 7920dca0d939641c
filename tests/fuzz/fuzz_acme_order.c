/* The payload of newOrder: identifiers that were accepted are in normal form, different, and few enough. */
#include "tests/fuzz/fuzz.h"
#include "base/cleanup.h"
#include "core/protocol/acme/identifier.h"
#include "pki/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 22);
    struct cx_diag diag = CX_DIAG_INIT;
    struct api_raw raw = {.status = 0};
    struct api_request request = {.arena = &arena, .diag = &diag};
    struct acme_call call = {.request = &request, .raw = &raw};
    const struct pki_name *names = NULL;
    size_t count = 0;
    json_auto_t *root = NULL;
    call.jws.payload = CX_BYTES(data, size);
    if (cx_failed(acme_payload(&call, &root)))
        return 0;
    struct json_node payload = json_top(root);
    if (cx_failed(acme_identifiers_read(&call, &payload, &names, &count))) {
        FUZZ_REQUIRE(call.refused && diag.text[0]);
        return 0;
    }
    FUZZ_REQUIRE(count >= 1 && count <= ACME_IDENTIFIERS_MAX);
    for (size_t i = 0; i < count; i++) {
        FUZZ_REQUIRE(cx_is_ok(pki_name_check(&names[i], "", &diag)));
        for (size_t j = 0; j < i; j++)
            FUZZ_REQUIRE(!pki_name_eq(&names[i], &names[j]));
    }
    return 0;
}
