#include "tests/lib/test.h"
#include "base/map.h"

static void test_put_get_take(void **state)
{
    (void)state;
    static int values[5000];
    struct cx_map map = CX_MAP_INIT(5000);
    for (int i = 0; i < 5000; i++)
        assert_ok(cx_map_put(&map, CX_BYTES(&i, sizeof(i)), &values[i], NULL));
    int more = 5000;
    assert_err(cx_map_put(&map, CX_BYTES(&more, sizeof(more)), values, NULL), LIMIT);
    for (int i = 0; i < 5000; i++)
        assert_ptr_equal(cx_map_get(&map, CX_BYTES(&i, sizeof(i))), &values[i]);
    for (int i = 0; i < 5000; i += 2)
        assert_ptr_equal(cx_map_take(&map, CX_BYTES(&i, sizeof(i))), &values[i]);
    for (int i = 0; i < 5000; i++)
        assert_ptr_equal(cx_map_get(&map, CX_BYTES(&i, sizeof(i))), i % 2 ? &values[i] : NULL);
    assert_int_equal(map.count, 2500);
    void *old = NULL;
    int one = 1;
    assert_ok(cx_map_put(&map, CX_BYTES(&one, sizeof(one)), &values[0], &old));
    assert_ptr_equal(old, &values[1]);
    cx_map_clear(&map, NULL);
    assert_null(cx_map_get(&map, CX_BYTES(&one, sizeof(one))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_put_get_take)};
    return cmocka_run_group_tests_name("base/map", tests, NULL, NULL);
}
