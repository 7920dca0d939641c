/* Lists of compromised keys: what an operator writes becomes a list that is read; a list that is read is in order. */
#include "tests/fuzz/fuzz.h"
#include "base/cleanup.h"
#include "crypto/key_list.h"
#include "host/key_list_text.h"

static void read_list(struct cx_bytes file, bool must)
{
    struct crypto_key_list *list = NULL;
    cx_err err = crypto_key_list_parse(file, &list);
    FUZZ_REQUIRE(cx_is_ok(err) == (list != NULL));
    FUZZ_REQUIRE(!must || list);
    if (!list)
        return;
    FUZZ_REQUIRE(file.len == CRYPTO_KEY_LIST_MAGIC_LEN + 32 * crypto_key_list_count(list));
    for (size_t at = CRYPTO_KEY_LIST_MAGIC_LEN; at + 64 <= file.len; at += 32)
        FUZZ_REQUIRE(memcmp(file.ptr + at, file.ptr + at + 32, 32) < 0);
    (void)crypto_key_list_has(list, file);
    crypto_key_list_free(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf list = CX_BUF_INIT(1 << 20);
    struct cx_diag diag = CX_DIAG_INIT;
    read_list(CX_BYTES(data, size), false);
    if (cx_failed(key_list_compile(CX_BYTES(data, size), &diag, &list))) {
        FUZZ_REQUIRE(list.len == 0 && diag.rule[0] != '\0');
        return 0;
    }
    FUZZ_REQUIRE(list.len > CRYPTO_KEY_LIST_MAGIC_LEN);
    read_list(cx_buf_view(&list), true);
    return 0;
}
