/* Lines of an IMAP server: only numbers above the one known are taken, as many as there is room for. */
#include "outbound/imap.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint32_t uids[IMAP_UIDS_MAX];
    struct imap_listing listing = {.after_uid = 7, .uids = uids};
    size_t from = 0;
    for (size_t i = 0; i <= size; i++)
        if (i == size || data[i] == '\n') {
            imap_take_line((struct cx_str){(const char *)data + from, i - from}, &listing);
            from = i + 1;
        }
    FUZZ_REQUIRE(listing.count <= IMAP_UIDS_MAX && listing.count <= size);
    for (size_t i = 0; i < listing.count; i++)
        FUZZ_REQUIRE(uids[i] > 7);
    return 0;
}
