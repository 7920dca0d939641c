/* The X-Reason header, and how it comes into the details of an entry. */
#include "tests/lib/test.h"

#include "base/checked.h"
#include "core/api/reason.h"

static struct arena arena;

static void what_is_read(void **state)
{
    (void)state;
    struct cx_str reason;
    static char most[API_REASON_MAX + 2];
    assert_ok(api_reason_read(CX_STR_NONE, &arena, NULL, &reason));
    assert_int_equal(reason.len, 0);
    assert_ok(api_reason_read(CX_STR("it's due"), &arena, NULL, &reason));
    assert_str(reason, "it's due");
    assert_ok(api_reason_read(CX_STR("Pr%C3%BCfung%20100%25"), &arena, NULL, &reason));
    assert_str(reason, "Pr\xc3\xbc"
                       "fung 100%");
    memset(most, 'x', API_REASON_MAX);
    assert_ok(api_reason_read(cx_str_from(most), &arena, NULL, &reason));
    most[API_REASON_MAX] = 'x';
    assert_err(api_reason_read(cx_str_from(most), &arena, NULL, &reason), PARSE);
    static const char *const bad[] = {"a%0Ab", "a\tb", "%00", "%7F", "%C3", "%zz", "%"};
    for (size_t i = 0; i < CX_COUNT_OF(bad); i++)
        assert_err(api_reason_read(cx_str_from(bad[i]), &arena, NULL, &reason), PARSE);
}

static void what_is_recorded(void **state)
{
    (void)state;
    struct cx_str details;
    assert_ok(api_reason_add(CX_STR("{\"a\":\"b\"}"), CX_STR(""), &arena, &details));
    assert_str(details, "{\"a\":\"b\"}");
    assert_ok(api_reason_add(CX_STR("{\"a\":\"b\"}"), CX_STR("so \"it\" is"), &arena, &details));
    assert_str(details, "{\"a\":\"b\",\"reason\":\"so \\\"it\\\" is\"}");
    assert_ok(api_reason_add(CX_STR(""), CX_STR("x"), &arena, &details));
    assert_str(details, "{\"reason\":\"x\"}");
    assert_ok(api_reason_add(CX_STR("{\"reason\":\"own\"}"), CX_STR("x"), &arena, &details));
    assert_str(details, "{\"reason\":\"own\"}");
    assert_err(api_reason_add(CX_STR("no object"), CX_STR("x"), &arena, &details), PARSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_read),
                                       cmocka_unit_test(what_is_recorded)};
    arena = ARENA_INIT(1 << 20);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_clear(&arena);
    return failed;
}
