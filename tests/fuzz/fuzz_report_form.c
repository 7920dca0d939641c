/* The public report form: what is accepted is within its bounds, and no text of it becomes markup. */
#include "core/incident/report_form.h"
#include "tests/fuzz/fuzz.h"

static void require_no_markup(struct cx_str text)
{
    struct cx_buf page = CX_BUF_INIT(1 << 20), empty = CX_BUF_INIT(1 << 20);
    size_t opened = 0, expected = 0;
    FUZZ_REQUIRE(cx_is_ok(report_page_form(text, CX_STR("/x"), CX_STR_NONE, &page)));
    FUZZ_REQUIRE(cx_is_ok(report_page_form(CX_STR_NONE, CX_STR("/x"), CX_STR_NONE, &empty)));
    for (size_t i = 0; i < page.len; i++)
        opened += page.ptr[i] == '<';
    for (size_t i = 0; i < empty.len; i++)
        expected += empty.ptr[i] == '<';
    FUZZ_REQUIRE(opened == expected);
    cx_buf_clear(&page);
    cx_buf_clear(&empty);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT(1 << 22);
    struct cx_diag diag = CX_DIAG_INIT;
    struct report_form form;
    cx_err err = report_form_parse(CX_BYTES(data, size), &arena, &diag, &form);
    if (cx_is_ok(err)) {
        FUZZ_REQUIRE(form.problem.len >= 1 && form.problem.len <= REPORT_PROBLEM_MAX);
        FUZZ_REQUIRE(form.reporter.len <= REPORT_REPORTER_MAX);
        FUZZ_REQUIRE(!form.problem.ptr || !memchr(form.problem.ptr, '\r', form.problem.len));
        FUZZ_REQUIRE(!form.reporter.len || !memchr(form.reporter.ptr, '\n', form.reporter.len));
        require_no_markup(form.problem);
    } else {
        FUZZ_REQUIRE(diag.text[0] || err.code == CX_E_LIMIT || err.code == CX_E_NOMEM);
    }
    arena_clear(&arena);
    return 0;
}
