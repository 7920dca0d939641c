/* JSON: a tree that was accepted is written and read back to an equal tree. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/tree.h"
#include "base/cleanup.h"

enum { TEXT_MAX = 1 << 16 };

static void read_all(const struct json_node *node)
{
    struct cx_diag diag = CX_DIAG_INIT;
    struct cx_str text;
    size_t count = 0;
    int64_t number = 0;
    cx_time at_us = 0;
    struct cx_id id;
    static const char *const keys[] = {"a", "name", "list"};
    CX_IGNORE(
        json_only(node, keys, 3, &diag)); /* whatever the answer, no crash and no endless pointer */
    CX_IGNORE(json_read_str(node, "name", 64, &diag, &text));
    CX_IGNORE(json_read_i64(node, "a", 0, 9, &diag, &number));
    CX_IGNORE(json_read_time(node, "name", &diag, &at_us));
    CX_IGNORE(json_read_id(node, "name", CX_ID_USER, &diag, &id));
    struct json_node list;
    if (cx_failed(json_read_array(node, "list", 10, &diag, &list, &count)))
        return;
    for (size_t i = 0; i < count; i++) {
        struct json_node item = json_item(&list, i);
        read_all(&item);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_auto_t *root = NULL;
    json_auto_t *again = NULL;
    struct cx_diag diag = CX_DIAG_INIT;
    cx_err err = json_parse(CX_BYTES(data, size), TEXT_MAX, &diag, &root);
    if (cx_failed(err)) {
        FUZZ_REQUIRE(root == NULL);
        FUZZ_REQUIRE(err.code == CX_E_NOMEM || diag.text[0] != 0);
        return 0;
    }
    struct json_node top = json_top(root);
    read_all(&top);
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(16 * TEXT_MAX);
    struct json_writer json = json_writer(&out);
    FUZZ_REQUIRE(cx_is_ok(tree_write(&json, NULL, root)) && json_complete(&json));
    FUZZ_REQUIRE(cx_is_ok(json_parse(cx_buf_view(&out), out.max, &diag, &again)));
    FUZZ_REQUIRE(json_equal(root, again));
    return 0;
}
