/* issuer.yaml: what is accepted is within its bounds, and is written in a form that is read back alike. */
#include "keys/issuer_yaml.h"
#include "base/cleanup.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(8 << 20);
    CX_CLEANUP(cx_buf_clear) struct cx_buf first = CX_BUF_INIT(2 * ISSUER_YAML_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf second = CX_BUF_INIT(2 * ISSUER_YAML_MAX);
    struct cx_diag diag = CX_DIAG_INIT;
    struct issuer_spec spec, back;
    if (cx_failed(issuer_yaml_parse(&arena, CX_BYTES(data, size), &diag, &spec)))
        return 0;
    FUZZ_REQUIRE(cx_is_ok(issuer_spec_check(&spec, NULL)));
    FUZZ_REQUIRE(cx_is_ok(issuer_yaml_write(&spec, &first)));
    FUZZ_REQUIRE(cx_is_ok(issuer_yaml_parse(&arena, cx_buf_view(&first), &diag, &back)));
    FUZZ_REQUIRE(cx_is_ok(issuer_yaml_write(&back, &second)));
    FUZZ_REQUIRE(cx_bytes_eq(cx_buf_view(&first), cx_buf_view(&second)));
    return 0;
}
