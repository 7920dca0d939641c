/* Answers of a Bugzilla: what is read of them, and what is refused and where. */
#include "tests/lib/test.h"

#include "base/checked.h"
#include "core/tracker/bugzilla.h"

#define TEXT(literal) CX_BYTES(literal, sizeof(literal) - 1)

static void errors_are_told_from_documents(void **state)
{
    (void)state;
    struct bugzilla_error error;
    bool is = true;
    bugzilla_error_parse(TEXT("{\"id\":1}"), &is, &error);
    assert_false(is);
    bugzilla_error_parse(TEXT("<html>"), &is, &error);
    assert_false(is);
    bugzilla_error_parse(TEXT("{\"error\":false}"), &is, &error);
    assert_false(is);
    bugzilla_error_parse(TEXT("{\"error\":true,\"code\":114,\"message\":\"too\\nlong\"}"), &is,
                         &error);
    assert_true(is);
    assert_int_equal(error.code, 114);
    assert_string_equal(error.message, "too long");
    bugzilla_error_parse(TEXT("{\"error\":true,\"code\":\"x\"}"), &is, &error);
    assert_true(is);
    assert_int_equal(error.code, 0);
}

static void a_long_message_is_cut_at_a_character(void **state)
{
    (void)state;
    char text[600] = "{\"error\":true,\"code\":1,\"message\":\"";
    struct bugzilla_error error;
    bool is = false;
    size_t len = strlen(text);
    for (int i = 0; i < 150; i++, len += 2)
        memcpy(text + len, "\xc3\xa9", 2);
    memcpy(text + len, "\"}", 3);
    bugzilla_error_parse(CX_BYTES(text, len + 2), &is, &error);
    assert_true(is);
    assert_int_equal(strlen(error.message), 198);
}

static void numbers_of_what_was_made(void **state)
{
    (void)state;
    static const struct {
        struct cx_bytes text;
        int64_t number; /* 0: refused */
    } ROWS[] = {
        {TEXT("{\"id\":2051459}"), 2051459},
        {TEXT("{\"ids\":[9]}"), 9},
        {TEXT("{\"ids\":[\"9500000\"]}"), 9500000},
        {TEXT("{\"bugs\":[{\"id\":5,\"changes\":{}}]}"), 5},
        {TEXT("{\"id\":0}"), 0},
        {TEXT("{\"id\":true}"), 0},
        {TEXT("{\"id\":\"many\"}"), 0},
        {TEXT("{\"id\":\"\"}"), 0},
        {TEXT("{\"ids\":[]}"), 0},
        {TEXT("{\"bugs\":[7]}"), 0},
        {TEXT("{}"), 0},
        {TEXT("[]"), 0},
        {TEXT("{\"id\":1"), 0},
    };
    for (size_t i = 0; i < CX_COUNT_OF(ROWS); i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        int64_t number = 0;
        cx_err err = bugzilla_made_parse(ROWS[i].text, &diag, &number);
        assert_int_equal(cx_is_ok(err), ROWS[i].number != 0);
        assert_int_equal(number, ROWS[i].number);
    }
}

static void bugs_with_and_without_groups(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    static struct bugzilla_bug bugs[BUGZILLA_BUGS_MAX];
    struct cx_diag diag = CX_DIAG_INIT;
    size_t count = 0;
    assert_ok(bugzilla_bugs_parse(
        TEXT("{\"bugs\":[{\"id\":1,\"groups\":[\"ca-program-security\"],\"alias\":\"one\"},{\"id\":"
             "2,"
             "\"groups\":[],\"alias\":null},{\"id\":3,\"status\":\"RESOLVED\",\"new\":{}}]}"),
        &arena, &diag, bugs, &count));
    assert_int_equal(count, 3);
    assert_true(bugzilla_bug_has_group(&bugs[0], CX_STR("ca-program-security")));
    assert_false(bugzilla_bug_has_group(&bugs[0], CX_STR("ca-program")));
    assert_true(cx_str_is(bugs[0].aliases[0], "one"));
    assert_true(bugs[1].has_groups && !bugs[2].has_groups);
    assert_false(bugzilla_bug_has_group(&bugs[2], CX_STR("ca-program-security")));
    assert_true(cx_str_is(bugs[2].status, "RESOLVED"));
    assert_int_equal(bugzilla_bugs_parse(TEXT("{\"bugs\":[{\"id\":1,\"groups\":[7]}]}"), &arena,
                                         &diag, bugs, &count)
                         .code,
                     CX_E_PARSE);
    assert_string_equal(diag.field, "/bugs/0/groups/0");
    arena_clear(&arena);
}

static void comments_of_that_bug_alone(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct bugzilla_comment *comments = NULL;
    struct cx_diag diag = CX_DIAG_INIT;
    size_t count = 0;
    static const char answer[] =
        "{\"bugs\":{\"5\":{\"comments\":[{\"id\":17,\"count\":2,\"creator\":\"a@b\",\"text\":\"t\","
        "\"creation_time\":\"2026-06-28T09:12:00Z\"}]}},\"comments\":{}}";
    assert_ok(bugzilla_comments_parse(TEXT(answer), 5, &arena, &diag, &comments, &count));
    assert_int_equal(count, 1);
    assert_int_equal(comments[0].remote, 17);
    assert_int_equal(comments[0].number, 2);
    assert_true(comments[0].created_us > 0);
    assert_true(
        cx_failed(bugzilla_comments_parse(TEXT(answer), 6, &arena, &diag, &comments, &count)));
    arena_clear(&arena);
}

static void attachments_by_name(void **state)
{
    (void)state;
    struct cx_diag diag = CX_DIAG_INIT;
    int64_t number = 0;
    static const char answer[] = "{\"bugs\":{\"5\":[{\"id\":7,\"file_name\":\"a.csv\"},"
                                 "{\"id\":8,\"file_name\":\"b.csv\"}]}}";
    assert_ok(bugzilla_attachment_find(TEXT(answer), 5, CX_STR("b.csv"), &diag, &number));
    assert_int_equal(number, 8);
    assert_int_equal(
        bugzilla_attachment_find(TEXT(answer), 5, CX_STR("c.csv"), &diag, &number).code,
        CX_E_NOTFOUND);
    assert_int_equal(
        bugzilla_attachment_find(TEXT(answer), 6, CX_STR("b.csv"), &diag, &number).code,
        CX_E_NOTFOUND);
}

static void next_update_of_a_whiteboard(void **state)
{
    (void)state;
    static const struct {
        const char *text, *time; /* NULL: none */
    } ROWS[] = {
        {"[ca-compliance] [policy-failure] Next update 2025-08-29", "2025-08-29T23:59:59Z"},
        {"next Update: 2025-12-31 [x]", "2025-12-31T23:59:59Z"},
        {"Next update soon", NULL},
        {"Next update 2025-13-01", NULL},
        {"Next update 2025-08-2", NULL},
        {"Next update", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < CX_COUNT_OF(ROWS); i++) {
        cx_time at_us = 0, expected_us = 0;
        if (ROWS[i].time)
            assert_ok(cx_time_parse(cx_str_from(ROWS[i].time), &expected_us));
        assert_int_equal(bugzilla_next_update(cx_str_from(ROWS[i].text), &at_us),
                         ROWS[i].time != NULL);
        assert_int_equal(at_us, expected_us);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_told_from_documents),
        cmocka_unit_test(a_long_message_is_cut_at_a_character),
        cmocka_unit_test(numbers_of_what_was_made),
        cmocka_unit_test(bugs_with_and_without_groups),
        cmocka_unit_test(comments_of_that_bug_alone),
        cmocka_unit_test(attachments_by_name),
        cmocka_unit_test(next_update_of_a_whiteboard),
    };
    return cmocka_run_group_tests_name("core/tracker/bugzilla", tests, NULL, NULL);
}
