#include "tests/lib/test.h"
#include "base/arena.h"

/* Looks at what goes back to the heap (linked with --wrap=free). */
static bool watching, seen;
void __real_free(void *ptr);
void __wrap_free(void *ptr);
void __wrap_free(void *ptr)
{
    if (watching && ptr && memmem(ptr, 256, "correct horse", 13))
        seen = true;
    __real_free(ptr);
}

static void test_nothing_stays_in_freed_memory(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 16);
    struct cx_str text = CX_STR_NONE;
    assert_ok(arena_copy_str(&arena, CX_STR("correct horse battery staple"), &text));
    watching = true;
    arena_clear(&arena);
    watching = false;
    assert_false(seen);
}

static void test_cap_is_hard(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(100);
    void *ptr = NULL;
    assert_ok(arena_alloc(&arena, 64, &ptr));
    void *before = ptr;
    assert_err(arena_alloc(&arena, 64, &ptr), LIMIT);
    assert_ptr_equal(ptr, before); /* outputs are untouched on failure */
    arena_clear(&arena);
    assert_ok(arena_alloc(&arena, 96, &ptr));
    arena_clear(&arena);
}

static void test_memory_is_zeroed_and_aligned(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    for (size_t size = 0; size < 300; size++) {
        uint8_t *ptr = NULL;
        assert_ok(arena_alloc(&arena, size, (void **)&ptr));
        assert_int_equal((uintptr_t)ptr % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(ptr[i], 0);
        memset(ptr, 0xAA, size);
    }
    arena_clear(&arena);
}

static void test_overflow_is_refused(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(SIZE_MAX);
    void *ptr = NULL;
    assert_err(arena_alloc_array(&arena, SIZE_MAX / 2, 3, &ptr), LIMIT);
    assert_err(arena_alloc(&arena, SIZE_MAX, &ptr), LIMIT);
    arena_clear(&arena);
}

static void test_printf_and_copy(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 16);
    struct cx_str text = CX_STR_NONE;
    assert_ok(arena_printf(&arena, &text, "%d-%s", 7, "x"));
    assert_str(text, "7-x");
    assert_ok(arena_copy_str(&arena, text, &text));
    assert_int_equal(text.ptr[text.len], 0);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cap_is_hard),
        cmocka_unit_test(test_nothing_stays_in_freed_memory),
        cmocka_unit_test(test_memory_is_zeroed_and_aligned),
        cmocka_unit_test(test_overflow_is_refused),
        cmocka_unit_test(test_printf_and_copy),
    };
    return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
