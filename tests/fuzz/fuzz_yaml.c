/* YAML: the tree is a JSON tree: written as JSON it is accepted and equal. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/tree.h"
#include "base/cleanup.h"
#include "codec/yaml.h"

enum { TEXT_MAX = 1 << 14 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_auto_t *root = NULL;
    json_auto_t *again = NULL;
    struct cx_diag diag = CX_DIAG_INIT;
    cx_err err = yaml_parse(CX_BYTES(data, size), TEXT_MAX, &diag, &root);
    if (cx_failed(err)) {
        FUZZ_REQUIRE(root == NULL);
        FUZZ_REQUIRE(err.code == CX_E_NOMEM || diag.text[0] != 0);
        return 0;
    }
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(16 * TEXT_MAX);
    struct json_writer json = json_writer(&out);
    FUZZ_REQUIRE(cx_is_ok(tree_write(&json, NULL, root)) && json_complete(&json));
    FUZZ_REQUIRE(cx_is_ok(json_parse(cx_buf_view(&out), out.max, &diag, &again)));
    FUZZ_REQUIRE(json_equal(root, again));
    return 0;
}
