/* What a Bugzilla answers: the first octet chooses what it is read as. What was accepted is within its bounds, and numbers are numbers. */
#include "core/tracker/bugzilla.h"
#include "tests/fuzz/fuzz.h"

#include "base/cleanup.h"

enum { BUG = 2051459, ARENA_MOST = 1 << 24 };

static void try_bugs(struct cx_bytes text)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(ARENA_MOST);
    static struct bugzilla_bug bugs[BUGZILLA_BUGS_MAX];
    struct cx_diag diag = CX_DIAG_INIT;
    size_t count = 0;
    if (cx_failed(bugzilla_bugs_parse(text, &arena, &diag, bugs, &count)))
        return;
    FUZZ_REQUIRE(count <= BUGZILLA_BUGS_MAX);
    for (size_t i = 0; i < count; i++) {
        FUZZ_REQUIRE(bugs[i].number >= 1 && bugs[i].number <= BUGZILLA_NUMBER_MAX);
        FUZZ_REQUIRE(bugs[i].group_count <= BUGZILLA_GROUPS_MAX);
        FUZZ_REQUIRE(!bugzilla_bug_has_group(&bugs[i], CX_STR("g")) || bugs[i].group_count > 0);
    }
}

static void try_comments(struct cx_bytes text)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(ARENA_MOST);
    struct bugzilla_comment *comments = NULL;
    struct cx_diag diag = CX_DIAG_INIT;
    size_t count = 0;
    if (cx_failed(bugzilla_comments_parse(text, BUG, &arena, &diag, &comments, &count)))
        return;
    FUZZ_REQUIRE(count <= BUGZILLA_COMMENTS_MAX);
    for (size_t i = 0; i < count; i++)
        FUZZ_REQUIRE(comments[i].remote >= 1 && comments[i].number >= 0 &&
                     comments[i].text.len <= BUGZILLA_TEXT_MAX &&
                     comments[i].author.len <= BUGZILLA_WORD_MAX);
}

static void try_rest(struct cx_bytes text)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(ARENA_MOST);
    struct cx_diag diag = CX_DIAG_INIT;
    struct bugzilla_error error;
    struct cx_str html = CX_STR_NONE, whiteboard = CX_STR_NONE;
    cx_time next_us = 0;
    int64_t number = 0;
    bool is = false;
    bugzilla_error_parse(text, &is, &error);
    for (const char *c = error.message; *c; c++)
        FUZZ_REQUIRE((unsigned char)*c >= ' ' && *c != 0x7f);
    if (cx_is_ok(bugzilla_made_parse(text, &diag, &number)))
        FUZZ_REQUIRE(number >= 1 && number <= BUGZILLA_NUMBER_MAX);
    number = 0;
    if (cx_is_ok(bugzilla_attachment_find(text, BUG, CX_STR("a.csv"), &diag, &number)))
        FUZZ_REQUIRE(number >= 1 && number <= BUGZILLA_NUMBER_MAX);
    if (cx_failed(bugzilla_html_parse(text, &arena, &diag, &html)))
        FUZZ_REQUIRE(html.len == 0);
    if (cx_is_ok(cx_str_view(text, &whiteboard)) && bugzilla_next_update(whiteboard, &next_us))
        FUZZ_REQUIRE((next_us + CX_US_PER_S) % (INT64_C(86400) * CX_US_PER_S) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct cx_bytes rest = CX_BYTES(data + 1, size - 1);
    if (data[0] % 3 == 0)
        try_bugs(rest);
    else if (data[0] % 3 == 1)
        try_comments(rest);
    else
        try_rest(rest);
    return 0;
}
