#include "tests/lib/test.h"
#include "codec/der_write.h"

static void test_nesting_with_every_length_form(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 120, 127, 128, 129, 255, 256, 300, 65535, 65536, 70000};
    static uint8_t content[70000];
    memset(content, 0x5a, sizeof(content));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct cx_buf out = CX_BUF_INIT(1 << 20);
        size_t outer = 0;
        size_t inner = 0;
        assert_ok(der_begin(&out, DER_SEQUENCE, &outer));
        assert_ok(der_write_i64(&out, 1));
        assert_ok(der_begin(&out, DER_CONTEXT_CONSTRUCTED(0), &inner));
        assert_ok(der_write_octet_string(&out, CX_BYTES(content, sizes[i])));
        assert_ok(der_end(&out, inner));
        assert_ok(der_write_null(&out));
        assert_ok(der_end(&out, outer));

        struct der_reader sequence;
        struct der_reader tagged;
        int64_t one = 0;
        struct cx_bytes octets;
        assert_ok(der_enter_only(cx_buf_view(&out), DER_SEQUENCE, &sequence));
        assert_ok(der_read_i64(&sequence, 1, 1, &one));
        assert_ok(der_enter(&sequence, DER_CONTEXT_CONSTRUCTED(0), &tagged));
        assert_ok(der_read_octet_string(&tagged, &octets));
        assert_ok(der_finish(&tagged));
        assert_bytes(octets, content, sizes[i]);
        assert_ok(der_read_null(&sequence));
        assert_ok(der_finish(&sequence));
        cx_buf_clear(&out);
    }
}

static void test_the_maximum_is_a_limit(void **state)
{
    (void)state;
    uint8_t content[200] = {0};
    struct cx_buf out = CX_BUF_INIT(202);
    size_t mark = 0;
    assert_ok(der_begin(&out, DER_SEQUENCE, &mark));
    assert_ok(cx_buf_add(&out, CX_BYTES(content, 200)));
    assert_err(der_end(&out, mark), LIMIT); /* the long length does not fit */
    cx_buf_clear(&out);
    assert_err(der_write_octet_string(&out, CX_BYTES(content, 200)), LIMIT);
    cx_buf_clear(&out);
}

static void check(struct cx_buf *out, const char *expected, size_t len)
{
    assert_bytes(cx_buf_view(out), expected, len);
    cx_buf_clear(out);
}

static void test_scalars(void **state)
{
    (void)state;
    struct cx_buf out = CX_BUF_INIT(1024);
    assert_ok(der_write_i64(&out, 128));
    check(&out, "\x02\x02\x00\x80", 4);
    assert_ok(der_write_i64(&out, -129));
    check(&out, "\x02\x02\xff\x7f", 4);
    assert_ok(der_write_i64(&out, INT64_MIN));
    check(&out, "\x02\x08\x80\x00\x00\x00\x00\x00\x00\x00", 10);
    assert_ok(der_write_unsigned(&out, CX_BYTES("\0\0\x80\x01", 4)));
    check(&out, "\x02\x03\x00\x80\x01", 5);
    assert_ok(der_write_unsigned(&out, CX_BYTES("\0\x7f", 2)));
    check(&out, "\x02\x01\x7f", 3);
    assert_ok(der_write_unsigned(&out, CX_BYTES_NONE));
    check(&out, "\x02\x01\x00", 3);
    assert_ok(der_write_bool(&out, true));
    check(&out, "\x01\x01\xff", 3);
    assert_ok(der_write_oid_text(&out, "2.5.29.15"));
    check(&out, "\x06\x03\x55\x1d\x0f", 5);
    assert_err(der_write_oid(&out, CX_BYTES("\x80", 1)), PARSE);
    assert_ok(der_write_named_bits(&out, 1u << 0 | 1u << 2));
    check(&out, "\x03\x02\x05\xa0", 4);
    assert_ok(der_write_named_bits(&out, 1u << 8));
    check(&out, "\x03\x03\x07\x00\x80", 5);
    assert_ok(der_write_named_bits(&out, 0));
    check(&out, "\x03\x01\x00", 3);
    assert_ok(der_write_named_bits(&out, UINT32_C(1) << 31));
    check(&out, "\x03\x05\x00\x00\x00\x00\x01", 7);
    assert_err(der_write_bit_string(&out, CX_BYTES("\x01", 1), 1), PARSE);
    assert_err(der_write_bit_string(&out, CX_BYTES_NONE, 1), PARSE);
    assert_ok(der_write_text(&out, DER_PRINTABLE_STRING, CX_STR("IN")));
    check(&out, "\x13\x02IN", 4);
    assert_err(der_write_text(&out, DER_PRINTABLE_STRING, CX_STR("a@b")), PARSE);
    assert_err(der_write_text(&out, DER_IA5_STRING, CX_STR("\xc3\xa4")), PARSE);
    assert_err(der_write_text(&out, DER_BMP_STRING, CX_STR("ab")), PARSE);
    assert_int_equal(out.len, 0);
}

static void test_times_choose_their_type(void **state)
{
    (void)state;
    struct cx_buf out = CX_BUF_INIT(1024);
    static const struct {
        const char *time;
        const char *der;
    } cases[] = {{"2049-12-31T23:59:59Z", "\x17\x0d"
                                          "491231235959Z"},
                 {"2050-01-01T00:00:00Z", "\x18\x0f"
                                          "20500101000000Z"},
                 {"1950-01-01T00:00:00Z", "\x17\x0d"
                                          "500101000000Z"},
                 {"1949-12-31T23:59:59Z", "\x18\x0f"
                                          "19491231235959Z"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cx_time at_us = 0;
        assert_ok(cx_time_parse(cx_str_from(cases[i].time), &at_us));
        assert_ok(der_write_time(&out, at_us));
        check(&out, cases[i].der, strlen(cases[i].der));
    }
    assert_ok(der_write_generalized_time(&out, 0));
    check(&out,
          "\x18\x0f"
          "19700101000000Z",
          17);
    assert_err(der_write_time(&out, 1), PARSE); /* a fraction would be lost */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nesting_with_every_length_form),
        cmocka_unit_test(test_the_maximum_is_a_limit),
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_times_choose_their_type),
    };
    return cmocka_run_group_tests_name("codec/der_write", tests, NULL, NULL);
}
