/* The file of the unlock secret: 64 hexadecimal digits and at most one line feed, or nothing is taken. */
#include "base/cleanup.h"
#include "keys/kek.h"
#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CX_AUTO_CLOSE int file = memfd_create("unlock", MFD_CLOEXEC);
    CX_CLEANUP(cx_secret_clear) struct cx_secret unlock = CX_SECRET_INIT;
    struct cx_diag diag = CX_DIAG_INIT;
    char path[64];
    bool digits = size == KEK_UNLOCK_TEXT_LEN ||
                  (size == KEK_UNLOCK_TEXT_LEN + 1 && data[KEK_UNLOCK_TEXT_LEN] == '\n');
    for (size_t i = 0; digits && i < KEK_UNLOCK_TEXT_LEN; i++)
        digits = memchr("0123456789abcdef", data[i], 16) != NULL;
    FUZZ_REQUIRE(file >= 0 && write(file, data, size) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    cx_err err = kek_read_unlock(path, &diag, &unlock);
    FUZZ_REQUIRE(cx_is_ok(err) ? unlock.len == KEK_LEN : unlock.ptr == NULL && diag.rule[0]);
    FUZZ_REQUIRE(cx_is_ok(err) == digits);
    return 0;
}
