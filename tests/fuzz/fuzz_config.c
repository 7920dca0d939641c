/* Configuration: what is accepted is written in a form that is accepted again and means the same. */
#include "tests/fuzz/fuzz.h"
#include "base/cleanup.h"
#include "supervisor/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 20);
    CX_CLEANUP(cx_buf_clear) struct cx_buf first = CX_BUF_INIT(CONFIG_FILE_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf second = CX_BUF_INIT(CONFIG_FILE_MAX);
    struct cx_diag diag = CX_DIAG_INIT;
    struct config config, back;
    if (cx_failed(config_parse(CX_BYTES(data, size), CX_STR("/d"), &arena, &diag, &config)))
        return 0;
    FUZZ_REQUIRE(cx_is_ok(config_write(&config, true, true, &first)));
    FUZZ_REQUIRE(cx_is_ok(config_parse(cx_buf_view(&first), CX_STR("/d"), &arena, &diag, &back)));
    FUZZ_REQUIRE(cx_is_ok(config_write(&back, true, true, &second)));
    FUZZ_REQUIRE(cx_bytes_eq(cx_buf_view(&first), cx_buf_view(&second)));
    return 0;
}
