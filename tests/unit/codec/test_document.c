#include "tests/lib/test.h"
#include "base/cleanup.h"
#include "codec/document.h"

static void markdown_has_each_block_and_no_other(void **state)
{
    (void)state;
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(64 * 1024);
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(4096);
    struct document made = document(&arena);
    assert_ok(document_add(&made, DOCUMENT_TITLE, CX_STR("T")));
    assert_ok(document_addf(&made, DOCUMENT_HEADING, "%d", 2));
    assert_ok(document_add(&made, DOCUMENT_ITEM, CX_STR("inc_0a: a\n# b")));
    assert_ok(document_add(&made, DOCUMENT_ITEM, CX_STR("_x_ <i> [l](u) &amp;")));
    assert_ok(document_add(&made, DOCUMENT_PARAGRAPH, CX_STR("- no item")));
    assert_ok(document_markdown(&made, &out));
    assert_ok(cx_buf_terminate(&out));
    assert_string_equal((const char *)out.ptr, "# T\n\n## 2\n\n- inc_0a: a \\# b\n"
                                               "- \\_x\\_ \\<i\\> \\[l\\](u) \\&amp;\n\n"
                                               "\\- no item\n");
}

static void a_document_has_a_maximum(void **state)
{
    (void)state;
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(4 * 1024 * 1024);
    struct document made = document(&arena);
    for (int i = 0; i < DOCUMENT_BLOCKS_MAX; i++)
        assert_ok(document_add(&made, DOCUMENT_ITEM, CX_STR("x")));
    assert_int_equal(document_add(&made, DOCUMENT_ITEM, CX_STR("x")).code, CX_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markdown_has_each_block_and_no_other),
        cmocka_unit_test(a_document_has_a_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
