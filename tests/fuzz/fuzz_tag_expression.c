/* Tag expressions: what is accepted has one spelling, holds for what carries its tags, and never for an object without. */
#include "tests/fuzz/fuzz.h"
#include "base/cleanup.h"
#include "core/access/tag_expression.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(8 << 20);
    struct cx_str text = {(const char *)data, size}, written, again;
    struct tag_expression expression, back;
    struct access_tag tags[TAG_CLAUSES_MAX];
    if (cx_failed(tag_expression_parse(&arena, text, NULL, &expression)))
        return 0;
    FUZZ_REQUIRE(expression.count > 0 && expression.count <= TAG_CLAUSES_MAX);
    FUZZ_REQUIRE(!tag_expression_holds(&expression, NULL, 0));
    for (size_t i = 0; i < expression.count; i++)
        tags[i] = expression.clauses[i].tags[0];
    FUZZ_REQUIRE(tag_expression_holds(&expression, tags, expression.count));
    FUZZ_REQUIRE(cx_is_ok(tag_expression_write(&arena, &expression, &written)));
    if (written.len > TAG_EXPRESSION_MAX) /* quoting may lengthen it beyond what is read */
        return 0;
    FUZZ_REQUIRE(cx_is_ok(tag_expression_parse(&arena, written, NULL, &back)));
    FUZZ_REQUIRE(cx_is_ok(tag_expression_write(&arena, &back, &again)));
    FUZZ_REQUIRE(cx_str_eq(written, again));
    return 0;
}
