/* Keys of objects as people read them, there and back; what is no identifier stays. */
#include "tests/lib/test.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/id.h"
#include "core/change/key.h"

#define ONE "000102030405060708090a0b0c0d0e0f"
#define TWO "ffeeddccbbaa99887766554433221100"

static void test_both_ways(void **state)
{
    (void)state;
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(65536);
    static const struct {
        enum change_object object;
        const char *key, *prefix;
    } cases[] = {{CHANGE_BINDING, ONE, "bnd_"},
                 {CHANGE_MEMBER, ONE "/" TWO "/1234", "grp_"},
                 {CHANGE_ROLE, "a%2Fb", "a%2Fb"},
                 {CHANGE_ROLE, ONE, ONE}, /* a role that is called so */
                 {CHANGE_PROFILE, "server-tls/3", "server-tls/3"},
                 {CHANGE_BINDING, "no-hex", "no-hex"},
                 {CHANGE_BINDING, "", ""},
                 {CHANGE_BINDING, "/////", "/////"}};
    for (size_t i = 0; i < CX_COUNT_OF(cases); i++) {
        struct cx_str shown, back, key = cx_str_from(cases[i].key);
        assert_ok(change_key_show(cases[i].object, key, &arena, &shown));
        assert_true(cx_str_starts(shown, cx_str_from(cases[i].prefix)));
        assert_ok(change_key_read(cases[i].object, shown, &arena, &back));
        assert_true(cx_str_eq(back, key));
        assert_ok(change_key_read(cases[i].object, key, &arena, &back));
        assert_true(cx_str_eq(back, key)); /* the stored form is taken, too */
    }
}

static void test_parts_have_their_types(void **state)
{
    (void)state;
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(65536);
    struct cx_str shown, back;
    assert_ok(change_key_show(CHANGE_MEMBER, CX_STR(ONE "/" TWO "/7"), &arena, &shown));
    assert_non_null(memmem(shown.ptr, shown.len, "/usr_", 5));
    /* An identifier of another kind is none here. */
    assert_ok(change_key_read(CHANGE_BINDING, shown, &arena, &back));
    assert_true(cx_str_eq(back, shown));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_parts_have_their_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
