#include "tests/lib/test.h"
#include "codec/cbor.h"

static struct cbor_reader reader_of(const char *octets, size_t len)
{
    return (struct cbor_reader){CX_BYTES(octets, len)};
}
#define READER(literal) reader_of(literal, sizeof(literal) - 1)

static void test_strings_and_maps(void **state)
{
    (void)state;
    struct cbor_reader reader = READER("\xa1\x63"
                                       "fmt\x42\x01\x02\xff");
    struct cx_str text;
    struct cx_bytes bytes;
    size_t count = 0;
    assert_ok(cbor_read_map(&reader, &count));
    assert_int_equal(count, 1);
    assert_ok(cbor_read_text(&reader, &text));
    assert_str(text, "fmt");
    assert_err(cbor_read_text(&reader, &text), PARSE); /* bytes are not text */
    assert_ok(cbor_read_bytes(&reader, &bytes));
    assert_bytes(bytes, "\x01\x02", 2);
    assert_int_equal(reader.rest.len, 1);
}

static void test_items(void **state)
{
    (void)state;
    static const struct {
        const char *octets;
        size_t len;
    } good[] = {{"\x00", 1},
                {"\x18\x18", 2},
                {"\x38\x63", 2},
                {"\xf4", 1},
                {"\xf6", 1},
                {"\x80", 1},
                {"\x82\x01\x81\x02", 4},
                {"\xa1\x61\x61\xa0", 4},
                {"\x81\x81\x81\x80", 4}};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct cbor_reader reader = reader_of(good[i].octets, good[i].len);
        struct cx_bytes item;
        assert_ok(cbor_read_item(&reader, &item));
        assert_bytes(item, good[i].octets, good[i].len);
        assert_int_equal(reader.rest.len, 0);
        /* Cut anywhere, it is no item, and the reader stands where it stood. */
        for (size_t len = 0; len < good[i].len; len++) {
            reader = reader_of(good[i].octets, len);
            assert_err(cbor_read_item(&reader, &item), PARSE);
            assert_int_equal(reader.rest.len, len);
        }
    }
}

static void test_what_is_not_canonical(void **state)
{
    (void)state;
    static const struct {
        const char *octets;
        size_t len;
        const char *what;
    } bad[] = {
        {"\x18\x17", 2, "23 in two bytes"},
        {"\x19\x00\xff", 3, "255 in three"},
        {"\x1b\x00\x00\x00\x00\xff\xff\xff\xff", 9, "32 bits in 64"},
        {"\x5f\x41\x00\xff", 4, "indefinite bytes"},
        {"\x9f\xff", 2, "indefinite array"},
        {"\xbf\xff", 2, "indefinite map"},
        {"\xc0\x00", 2, "a tag"},
        {"\xf9\x00\x00", 3, "a float"},
        {"\xf7", 1, "undefined"},
        {"\xff", 1, "break alone"},
        {"\x1c", 1, "reserved"},
        {"\x5b\xff\xff\xff\xff\xff\xff\xff\xff\x00", 10, "a length beyond the input"},
        {"\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x00", 10, "a count beyond the input"},
        {"\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x00", 10, "a count beyond the input"},
        {"\x81\x81\x81\x81\x81\x00", 6, "too deep"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct cbor_reader reader = reader_of(bad[i].octets, bad[i].len);
        struct cx_bytes item;
        if (cx_is_ok(cbor_read_item(&reader, &item)))
            fail_msg("read %s", bad[i].what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_strings_and_maps),
                                       cmocka_unit_test(test_items),
                                       cmocka_unit_test(test_what_is_not_canonical)};
    return cmocka_run_group_tests_name("codec/cbor", tests, NULL, NULL);
}
