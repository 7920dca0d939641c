#include "tests/lib/test.h"
#include "base/id.h"

static void test_roundtrip(void **state)
{
    (void)state;
    struct cx_rng rng;
    cx_rng_seeded(&rng, 1);
    for (int i = 0; i < 2000; i++) {
        struct cx_id id;
        struct cx_id back;
        char text[CX_ID_TEXT_MAX];
        assert_ok(cx_id_new(&rng, &id));
        cx_id_format(CX_ID_CERTIFICATE, id, text);
        assert_int_equal(strlen(text), 30);
        assert_ok(cx_id_parse(CX_ID_CERTIFICATE, cx_str_from(text), &back));
        assert_true(cx_id_eq(id, back));
        assert_err(cx_id_parse(CX_ID_REQUEST, cx_str_from(text), &back), PARSE);
    }
}

static void test_one_spelling_only(void **state)
{
    (void)state;
    struct cx_id id;
    assert_ok(cx_id_parse(CX_ID_USER, CX_STR("usr_7zzzzzzzzzzzzzzzzzzzzzzzzz"), &id));
    assert_err(cx_id_parse(CX_ID_USER, CX_STR("usr_8zzzzzzzzzzzzzzzzzzzzzzzzz"), &id), PARSE);
    assert_err(cx_id_parse(CX_ID_USER, CX_STR("usr_7ZZZZZZZZZZZZZZZZZZZZZZZZZ"), &id), PARSE);
    assert_err(cx_id_parse(CX_ID_USER, CX_STR("usr_7zzzzzzzzzzzzzzzzzzzzzzzz"), &id), PARSE);
    assert_err(cx_id_parse(CX_ID_USER, CX_STR("usr_il0uzzzzzzzzzzzzzzzzzzzzzz"), &id), PARSE);
    assert_err(cx_id_parse(CX_ID_USER, CX_STR_NONE, &id), PARSE);
}

static void test_later_ids_sort_later(void **state)
{
    (void)state;
    struct cx_rng rng;
    cx_rng_seeded(&rng, 2);
    struct cx_id before = {{0}};
    for (int64_t ms = 1; ms < INT64_C(1) << 47; ms *= 3) {
        struct cx_id id;
        struct cx_id twin;
        assert_ok(cx_id_new_at(&rng, ms * 1000, &id));
        assert_ok(cx_id_new_at(&rng, ms * 1000, &twin));
        assert_false(cx_id_eq(id, twin));
        assert_true(cx_bytes_cmp(cx_id_bytes(&before), cx_id_bytes(&id)) < 0);
        before = id;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roundtrip),
        cmocka_unit_test(test_one_spelling_only),
        cmocka_unit_test(test_later_ids_sort_later),
    };
    return cmocka_run_group_tests_name("base/id", tests, NULL, NULL);
}
