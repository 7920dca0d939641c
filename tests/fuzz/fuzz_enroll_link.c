/* One-time links that a person pastes: what is accepted names a server that may be called, and holds its parts in order. */
#include "cli/enroll.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cx_str text = {(const char *)data, size};
    struct enroll_link link = {.secret = CX_STR("unchanged")};
    if (cx_failed(enroll_link_parse(text, &link))) {
        FUZZ_REQUIRE(cx_str_is(link.secret, "unchanged"));
        return 0;
    }
    FUZZ_REQUIRE(cx_str_starts(link.secret, CX_STR("cxl_")));
    FUZZ_REQUIRE(link.secret.ptr >= text.ptr &&
                 link.secret.ptr + link.secret.len <= text.ptr + text.len);
    FUZZ_REQUIRE(link.pin.len == 0 || link.pin.len == 64);
    FUZZ_REQUIRE(link.url.len == 0 || enroll_url_valid(link.url));
    for (size_t i = 0; i < link.secret.len; i++)
        FUZZ_REQUIRE(link.secret.ptr[i] > ' ' && link.secret.ptr[i] <= '~');
    return 0;
}
