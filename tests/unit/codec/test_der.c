#include "tests/lib/test.h"
#include "codec/der.h"

#define DER(literal) CX_BYTES("" literal, sizeof(literal) - 1)

static void refused(struct cx_bytes bytes)
{
    struct der_reader reader = der_reader(bytes);
    struct der_value value = {.tag = 0x77};
    assert_err(der_read_any(&reader, &value), PARSE);
    assert_int_equal(value.tag, 0x77);
    assert_int_equal(reader.rest.len, bytes.len); /* the cursor did not move */
}

static void test_lengths_are_definite_and_minimal(void **state)
{
    (void)state;
    refused(DER(""));
    refused(DER("\x30"));
    refused(DER("\x30\x80\x00\x00")); /* indefinite */
    refused(DER("\x04\x81\x01x"));    /* 1 in the long form */
    refused(DER("\x04\x82\x00\x80"
                "0123456789")); /* leading zero */
    refused(DER("\x04\x02x"));  /* shorter than it says */
    refused(DER("\x04\x84\xff\xff\xff\xffx"));
    refused(DER("\x04\x85\x00\x00\x00\x00\x01x")); /* five length octets */
    refused(DER("\x04\xff"));
    refused(DER("\x1f\x01\x00")); /* high tag number */
    refused(DER("\xbf\x22\x00"));
    uint8_t long_form[3 + 200] = {0x04, 0x81, 200};
    struct der_reader reader = der_reader(CX_BYTES(long_form, sizeof(long_form)));
    struct cx_bytes octets;
    assert_ok(der_read_octet_string(&reader, &octets));
    assert_int_equal(octets.len, 200);
    assert_ok(der_finish(&reader));
    long_form[2] = 0x7f;
    refused(CX_BYTES(long_form, sizeof(long_form)));
}

static void test_every_truncation_is_refused(void **state)
{
    (void)state;
    const struct cx_bytes whole = DER("\x30\x0a\x02\x01\x05\x30\x05\x04\x03"
                                      "abc");
    for (size_t len = 0; len < whole.len; len++)
        refused(CX_BYTES(whole.ptr, len));
    struct der_reader outer;
    struct der_reader inner;
    int64_t five = 0;
    struct cx_bytes octets;
    assert_ok(der_enter_only(whole, DER_SEQUENCE, &outer));
    assert_ok(der_read_i64(&outer, 0, 10, &five));
    assert_int_equal(five, 5);
    assert_err(der_finish(&outer), PARSE);
    assert_ok(der_enter(&outer, DER_SEQUENCE, &inner));
    assert_ok(der_finish(&outer));
    assert_ok(der_read_octet_string(&inner, &octets));
    assert_bytes(octets, "abc", 3);
    assert_err(der_enter_only(DER("\x30\x00\x00"), DER_SEQUENCE, &outer), PARSE);
}

static void test_integers(void **state)
{
    (void)state;
    static const struct {
        const char *der;
        size_t len;
        int64_t value;
    } good[] = {{"\x02\x01\x00", 3, 0},
                {"\x02\x01\x7f", 3, 127},
                {"\x02\x02\x00\x80", 4, 128},
                {"\x02\x01\x80", 3, -128},
                {"\x02\x02\xff\x7f", 4, -129},
                {"\x02\x08\x7f\xff\xff\xff\xff\xff\xff\xff", 10, INT64_MAX},
                {"\x02\x08\x80\x00\x00\x00\x00\x00\x00\x00", 10, INT64_MIN}};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct der_reader reader = der_reader(CX_BYTES(good[i].der, good[i].len));
        int64_t value = 1;
        assert_ok(der_read_i64(&reader, INT64_MIN, INT64_MAX, &value));
        assert_true(value == good[i].value);
    }
    struct cx_bytes view;
    struct der_reader reader = der_reader(DER("\x02\x02\x00\x7f"));
    assert_err(der_read_integer(&reader, &view), PARSE);
    reader = der_reader(DER("\x02\x02\xff\x80"));
    assert_err(der_read_integer(&reader, &view), PARSE);
    reader = der_reader(DER("\x02\x00"));
    assert_err(der_read_integer(&reader, &view), PARSE);
    reader = der_reader(DER("\x02\x01\x80"));
    assert_err(der_read_unsigned(&reader, &view), PARSE);
    reader = der_reader(DER("\x02\x02\x00\xff"));
    assert_ok(der_read_unsigned(&reader, &view));
    assert_bytes(view, "\xff", 1);
    int64_t value = 0;
    reader = der_reader(DER("\x02\x09\x00\x80\x00\x00\x00\x00\x00\x00\x00"));
    assert_err(der_read_i64(&reader, INT64_MIN, INT64_MAX, &value), LIMIT);
    reader = der_reader(DER("\x02\x01\x05"));
    assert_err(der_read_i64(&reader, 6, 9, &value), LIMIT);
    assert_false(der_at_end(&reader));
}

static void test_booleans_and_null(void **state)
{
    (void)state;
    bool value = false;
    struct der_reader reader = der_reader(DER("\x01\x01\xff\x01\x01\x00\x05\x00"));
    assert_ok(der_read_bool(&reader, &value));
    assert_true(value);
    assert_ok(der_read_bool(&reader, &value));
    assert_false(value);
    assert_ok(der_read_null(&reader));
    assert_true(der_at_end(&reader));
    reader = der_reader(DER("\x01\x01\x01"));
    assert_err(der_read_bool(&reader, &value), PARSE);
    reader = der_reader(DER("\x01\x02\xff\xff"));
    assert_err(der_read_bool(&reader, &value), PARSE);
    reader = der_reader(DER("\x05\x01\x00"));
    assert_err(der_read_null(&reader), PARSE);
}

static void test_bit_strings(void **state)
{
    (void)state;
    struct cx_bytes bits;
    unsigned unused = 9;
    struct der_reader reader = der_reader(DER("\x03\x02\x05\xa0"));
    assert_ok(der_read_bit_string(&reader, &bits, &unused));
    assert_int_equal(unused, 5);
    assert_bytes(bits, "\xa0", 1);
    static const struct cx_bytes bad[] = {{(const uint8_t *)"\x03\x00", 2},
                                          {(const uint8_t *)"\x03\x02\x08\x00", 4},
                                          {(const uint8_t *)"\x03\x01\x01", 3},
                                          {(const uint8_t *)"\x03\x02\x05\xa1", 4}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        reader = der_reader(bad[i]);
        assert_err(der_read_bit_string(&reader, &bits, &unused), PARSE);
    }
    uint32_t named = 0;
    reader = der_reader(DER("\x03\x02\x05\xa0"));
    assert_ok(der_read_named_bits(&reader, &named));
    assert_int_equal(named, 1u << 0 | 1u << 2);
    reader = der_reader(DER("\x03\x03\x07\x00\x80"));
    assert_ok(der_read_named_bits(&reader, &named));
    assert_int_equal(named, 1u << 8);
    reader = der_reader(DER("\x03\x02\x04\xa0")); /* a trailing zero bit */
    assert_err(der_read_named_bits(&reader, &named), PARSE);
    reader = der_reader(DER("\x03\x02\x00\x00"));
    assert_err(der_read_named_bits(&reader, &named), PARSE);
    reader = der_reader(DER("\x03\x06\x00\x00\x00\x00\x00\x01"));
    assert_err(der_read_named_bits(&reader, &named), PARSE);
}

static void test_object_identifiers(void **state)
{
    (void)state;
    static const char *const good[] = {"0.0",
                                       "1.39",
                                       "2.5.29.15",
                                       "1.2.840.113549.1.1.11",
                                       "2.999.3",
                                       "2.23.140.1.2.1",
                                       "2.16.840.1.18446744073709551615"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct der_oid oid;
        char back[DER_OID_TEXT_MAX];
        assert_ok(der_oid_from_text(cx_str_from(good[i]), &oid));
        assert_true(der_oid_valid(der_oid_view(&oid)));
        assert_ok(der_oid_to_text(der_oid_view(&oid), back));
        assert_string_equal(back, good[i]);
        assert_true(der_oid_is(der_oid_view(&oid), good[i]));
    }
    static const char *const bad[] = {"",     "1",    "1.",    ".1",   "1..2", "3.1",
                                      "1.40", "1.02", "1.2.a", "1.2 ", "01.2"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct der_oid oid;
        assert_err(der_oid_from_text(cx_str_from(bad[i]), &oid), PARSE);
    }
    struct der_oid oid;
    assert_err(der_oid_from_text(CX_STR("1.2.18446744073709551616"), &oid), LIMIT);
    /* 2.25 with 128 bits, as a UUID has, is valid; it has no text here. */
    const struct cx_bytes uuid =
        DER("\x69\x83\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f");
    char untouched[DER_OID_TEXT_MAX] = "before";
    assert_true(der_oid_valid(uuid));
    assert_err(der_oid_to_text(uuid, untouched), LIMIT);
    assert_string_equal(untouched, "before");
    assert_err(der_oid_to_text(DER(""), untouched), PARSE);
    uint8_t many[DER_OID_MAX];
    memset(many, 0x01, sizeof(many));
    assert_err(der_oid_to_text(CX_BYTES(many, sizeof(many)), untouched), LIMIT);
    assert_false(der_oid_valid(DER("")));
    assert_false(der_oid_valid(DER("\x55\x80\x01"))); /* padded arc */
    assert_false(der_oid_valid(DER("\x55\x9d")));     /* ends inside an arc */
    uint8_t too_long[DER_OID_MAX + 1];
    memset(too_long, 0x01, sizeof(too_long));
    assert_false(der_oid_valid(CX_BYTES(too_long, sizeof(too_long))));
    struct der_reader reader = der_reader(DER("\x06\x03\x55\x1d\x0f"));
    struct cx_bytes content;
    assert_ok(der_read_oid(&reader, &content));
    assert_true(der_oid_is(content, "2.5.29.15"));
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        const char *der;
        const char *time;
    } good[] = {{"\x17\x0d"
                 "490101000000Z",
                 "2049-01-01T00:00:00Z"},
                {"\x17\x0d"
                 "500101000000Z",
                 "1950-01-01T00:00:00Z"},
                {"\x17\x0d"
                 "261121214000Z",
                 "2026-11-21T21:40:00Z"},
                {"\x18\x0f"
                 "99991231235959Z",
                 "9999-12-31T23:59:59Z"}};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cx_time got = 0;
        cx_time want = 1;
        struct der_reader reader = der_reader(cx_str_bytes(cx_str_from(good[i].der)));
        assert_ok(der_read_time(&reader, &got));
        assert_ok(cx_time_parse(cx_str_from(good[i].time), &want));
        assert_true(got == want);
    }
    static const char *const bad[] = {"\x17\x0b"
                                      "2611212140Z",
                                      "\x17\x0d"
                                      "261121214060Z",
                                      "\x17\x0d"
                                      "260229000000Z",
                                      "\x17\x11"
                                      "261121214000+0000",
                                      "\x17\x0d"
                                      "26112121400.Z",
                                      "\x18\x11"
                                      "20261121214000.5Z",
                                      "\x18\x0e"
                                      "20261121214000",
                                      "\x18\x0d"
                                      "202611212140Z",
                                      "\x17\x0d"
                                      "2611212140 0Z"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cx_time got = 7;
        struct der_reader reader = der_reader(cx_str_bytes(cx_str_from(bad[i])));
        assert_err(der_read_time(&reader, &got), PARSE);
        assert_true(got == 7);
    }
    cx_time at_us = 0;
    struct der_reader reader = der_reader(DER("\x17\x0d"
                                              "261121214000Z"));
    assert_err(der_read_generalized_time(&reader, &at_us), PARSE);
}

static void check_text(uint8_t tag, struct cx_bytes content, const char *expected)
{
    struct arena arena = ARENA_INIT(4096);
    struct cx_str text = CX_STR_NONE;
    if (expected) {
        assert_ok(der_text_view(&arena, tag, content, &text));
        assert_str(text, expected);
    } else {
        assert_false(der_text_valid(tag, content));
        assert_err(der_text_view(&arena, tag, content, &text), PARSE);
    }
    arena_clear(&arena);
}

static void test_text_types(void **state)
{
    (void)state;
    check_text(DER_PRINTABLE_STRING, DER("Example (1) = a/b?"), "Example (1) = a/b?");
    check_text(DER_PRINTABLE_STRING, DER("a@b"), NULL);
    check_text(DER_PRINTABLE_STRING, DER("a*b"), NULL);
    check_text(DER_UTF8_STRING, DER("\xc3\xa4"), "\xc3\xa4");
    check_text(DER_UTF8_STRING, DER("\xc3"), NULL);
    check_text(DER_UTF8_STRING, DER("a\0b"), NULL);
    check_text(DER_IA5_STRING, DER("a@b"), "a@b");
    check_text(DER_IA5_STRING, DER("a\0b"), NULL);
    check_text(DER_IA5_STRING, DER("\x80"), NULL);
    check_text(DER_NUMERIC_STRING, DER("12 3"), "12 3");
    check_text(DER_NUMERIC_STRING, DER("12a"), NULL);
    check_text(DER_VISIBLE_STRING, DER("a~"), "a~");
    check_text(DER_VISIBLE_STRING, DER("\t"), NULL);
    check_text(DER_T61_STRING, DER("\xe4"), "\xc3\xa4");
    check_text(DER_BMP_STRING, DER("\0a\x20\xac"), "a\xe2\x82\xac");
    check_text(DER_BMP_STRING, DER("\0a\0"), NULL);
    check_text(DER_BMP_STRING, DER("\xd8\x00\xdc\x00"), NULL);
    check_text(DER_BMP_STRING, DER("\0\0"), NULL);
    check_text(DER_UNIVERSAL_STRING, DER("\0\1\xf6\0"), "\xf0\x9f\x98\x80");
    check_text(DER_UNIVERSAL_STRING, DER("\0\x11\0\0"), NULL);
    check_text(DER_OCTET_STRING, DER("a"), NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths_are_definite_and_minimal),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_booleans_and_null),
        cmocka_unit_test(test_bit_strings),
        cmocka_unit_test(test_object_identifiers),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_text_types),
    };
    return cmocka_run_group_tests_name("codec/der", tests, NULL, NULL);
}
