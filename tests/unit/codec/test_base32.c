#include "tests/lib/test.h"
#include "codec/base32.h"

/* RFC 4648 §10, without the padding. */
static void test_vectors(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "MY"},
                                           {"fo", "MZXQ"},
                                           {"foo", "MZXW6"},
                                           {"foob", "MZXW6YQ"},
                                           {"fooba", "MZXW6YTB"},
                                           {"foobar", "MZXW6YTBOI"}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct cx_buf out = CX_BUF_INIT(64);
        assert_ok(base32_encode(CX_BYTES(pairs[i][0], strlen(pairs[i][0])), &out));
        assert_bytes(cx_buf_view(&out), pairs[i][1], strlen(pairs[i][1]));
        cx_buf_clear(&out);
    }
    struct cx_buf small = CX_BUF_INIT(2);
    assert_err(base32_encode(CX_BYTES("foo", 3), &small), LIMIT);
    cx_buf_clear(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors)};
    return cmocka_run_group_tests_name("codec/base32", tests, NULL, NULL);
}
