#include "tests/lib/test.h"
#include "ipc/ipc_messages.h"

/* u16 code, then three texts with u32 lengths. */
static const uint8_t error_wire[] = {3, 0,   1,   0, 0, 0, 'f', 2,   0,   0,
                                     0, 'r', 'u', 3, 0, 0, 0,   'w', 'h', 'y'};

static void test_wire_form_is_little_endian_without_padding(void **state)
{
    (void)state;
    const struct ipc_reply_error reply = {3, CX_STR("f"), CX_STR("ru"), CX_STR("why")};
    struct cx_buf out = CX_BUF_INIT(64);
    assert_ok(ipc_reply_error_write(&out, &reply));
    assert_bytes(cx_buf_view(&out), error_wire, sizeof(error_wire));
    cx_buf_clear(&out);
}

static void test_every_truncation_is_refused(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(4096);
    struct ipc_reply_error reply = {0};
    for (size_t len = 0; len < sizeof(error_wire); len++)
        assert_err(ipc_reply_error_parse(CX_BYTES(error_wire, len), &arena, &reply), PARSE);
    assert_ok(ipc_reply_error_parse(CX_BYTES(error_wire, sizeof(error_wire)), &arena, &reply));
    assert_str(reply.rule, "ru");
    arena_clear(&arena);
}

static void test_trailing_bytes_bad_text_and_ranges_are_refused(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(4096);
    struct ipc_reply_error reply = {.code = 7};
    uint8_t wire[sizeof(error_wire) + 1] = {0};
    memcpy(wire, error_wire, sizeof(error_wire));
    assert_err(ipc_reply_error_parse(CX_BYTES(wire, sizeof(wire)), &arena, &reply), PARSE);
    wire[6] = 0xff; /* not UTF-8 */
    assert_err(ipc_reply_error_parse(CX_BYTES(wire, sizeof(error_wire)), &arena, &reply), PARSE);
    wire[6] = 0; /* NUL in a text */
    assert_err(ipc_reply_error_parse(CX_BYTES(wire, sizeof(error_wire)), &arena, &reply), PARSE);
    wire[6] = 'f';
    wire[0] = CX_E_COUNT; /* no such category */
    assert_err(ipc_reply_error_parse(CX_BYTES(wire, sizeof(error_wire)), &arena, &reply), PARSE);
    wire[0] = 3;
    wire[5] = 1; /* a length of 16 MiB: over the field's maximum, whatever follows */
    assert_err(ipc_reply_error_parse(CX_BYTES(wire, sizeof(error_wire)), &arena, &reply), LIMIT);
    assert_int_equal(reply.code, 7); /* untouched on failure */
    arena_clear(&arena);
}

static void test_encoder_keeps_to_the_maxima(void **state)
{
    (void)state;
    char long_text[400];
    memset(long_text, 'x', sizeof(long_text));
    const struct ipc_reply_error reply = {.code = 3, .text = {long_text, sizeof(long_text)}};
    struct cx_buf out = CX_BUF_INIT(1024);
    assert_err(ipc_reply_error_write(&out, &reply), LIMIT);
    const struct ipc_reply_error bad_code = {.code = 99};
    assert_err(ipc_reply_error_write(&out, &bad_code), LIMIT);
    cx_buf_clear(&out);
}

static void test_a_count_that_cannot_fit_takes_no_memory(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct ipc_keys_settle settle = {0};
    const uint8_t wire[] = {0xe8, 0x03, 0, 0, 1, 2, 3}; /* 1000 ids in three octets */
    assert_err(ipc_keys_settle_parse(CX_BYTES(wire, sizeof(wire)), &arena, &settle), PARSE);
    assert_int_equal(arena.used, 0);
    const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff};
    assert_err(ipc_keys_settle_parse(CX_BYTES(huge, sizeof(huge)), &arena, &settle), LIMIT);
    arena_clear(&arena);
}

static void test_printer_masks_secrets_and_escapes(void **state)
{
    (void)state;
    struct cx_buf out = CX_BUF_INIT(4096);
    struct ipc_keys_data_key secret = {.wrapped = CX_BYTES("w", 1)};
    memset(secret.key, '0', sizeof(secret.key));
    assert_ok(ipc_keys_data_key_print(&out, &secret));
    assert_ok(cx_buf_terminate(&out));
    assert_null(strstr((const char *)out.ptr, "3030"));
    assert_non_null(strstr((const char *)out.ptr, "(secret)"));
    cx_buf_reset(&out);
    const struct ipc_reply_error reply = {1, CX_STR("a\"b"), CX_STR("\n"), CX_STR("")};
    assert_ok(ipc_reply_error_print(&out, &reply));
    assert_ok(cx_buf_terminate(&out));
    assert_string_equal((const char *)out.ptr,
                        "{\"code\":1,\"field\":\"a\\u0022b\",\"rule\":\"\\u000a\",\"text\":\"\"}");
    cx_buf_clear(&out);
}

static void test_table_is_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < ipc_message_count; i++) {
        assert_ptr_equal(ipc_message_find(ipc_messages[i].number), &ipc_messages[i]);
        assert_true(ipc_messages[i].states != 0 && ipc_messages[i].frame_max >= 16);
        if (i > 0)
            assert_true(ipc_messages[i].number > ipc_messages[i - 1].number);
    }
    assert_null(ipc_message_find(0));
    assert_null(ipc_message_find(65535));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_form_is_little_endian_without_padding),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_trailing_bytes_bad_text_and_ranges_are_refused),
        cmocka_unit_test(test_encoder_keeps_to_the_maxima),
        cmocka_unit_test(test_a_count_that_cannot_fit_takes_no_memory),
        cmocka_unit_test(test_printer_masks_secrets_and_escapes),
        cmocka_unit_test(test_table_is_sound),
    };
    return cmocka_run_group_tests_name("ipc/messages", tests, NULL, NULL);
}
