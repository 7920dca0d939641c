/* What is sent: written once, read again the same, and found again by its reference. */
#include "tests/lib/test.h"

#include "base/checked.h"
#include "core/tracker/content.h"

static const struct row_tracker TRACKER = {.base_url = CX_STR("https://b.example/rest"),
                                           .owner_name = CX_STR("Owner \"X\""),
                                           .product = CX_STR("CA Program"),
                                           .component = CX_STR("Open"),
                                           .secure_component = CX_STR("Closed"),
                                           .secure_group = CX_STR("group"),
                                           .bug_version = CX_STR("other"),
                                           .bug_type = CX_STR("task"),
                                           .whiteboard = CX_STR(""),
                                           .needinfo = CX_STR("c@ccadb.example"),
                                           .report_address = CX_STR("r@ccadb.example")};

static struct content_draft draft_of(enum api_tracker_post_kind kind)
{
    return (struct content_draft){.tracker = &TRACKER,
                                  .kind = kind,
                                  .post_id = {{1, 2, 3}},
                                  .incident_id = {{4}},
                                  .bug = 7,
                                  .title = CX_STR("T"),
                                  .text = CX_STR("one\ntwo\n"),
                                  .address = CX_STR("m@ms.example")};
}

static void read_back(const struct content_draft *draft, struct cx_bytes attachment,
                      struct arena *arena, struct content *ret_content)
{
    struct cx_buf json = CX_BUF_INIT(CONTENT_MAX);
    struct cx_str text = CX_STR_NONE;
    assert_ok(content_text(draft, arena, &text));
    assert_ok(content_write(draft, text, &json));
    assert_ok(content_read((struct cx_str){(const char *)json.ptr, json.len}, attachment, arena,
                           ret_content));
    assert_true(cx_str_eq(ret_content->text, text));
    cx_buf_clear(&json);
}

static bool says(const struct content *content, const char *words)
{
    struct cx_str body = content->body;
    size_t len = strlen(words);
    for (size_t i = 0; i + len <= body.len; i++)
        if (cx_str_is((struct cx_str){body.ptr + i, len}, words))
            return true;
    return false;
}

static void each_kind_goes_where_it_belongs(void **state)
{
    (void)state;
    static const struct {
        enum api_tracker_post_kind kind;
        const char *method, *url;
    } ROWS[] = {
        {API_TRACKER_POST_KIND_FILE, "POST", "https://b.example/rest/bug"},
        {API_TRACKER_POST_KIND_COMMENT, "POST", "https://b.example/rest/bug/7/comment"},
        {API_TRACKER_POST_KIND_ANSWER, "POST", "https://b.example/rest/bug/7/comment"},
        {API_TRACKER_POST_KIND_CLOSURE, "PUT", "https://b.example/rest/bug/7"},
        {API_TRACKER_POST_KIND_ATTACHMENT, "POST", "https://b.example/rest/bug/7/attachment"},
        {API_TRACKER_POST_KIND_MAIL, "MAIL", "mailto:m@ms.example"}};
    for (size_t i = 0; i < CX_COUNT_OF(ROWS); i++) {
        struct arena arena = ARENA_INIT(1 << 20);
        struct content_draft draft = draft_of(ROWS[i].kind);
        struct content content;
        read_back(&draft, CX_BYTES_NONE, &arena, &content);
        assert_true(cx_str_is(content.method, ROWS[i].method));
        assert_true(cx_str_is(content.url, ROWS[i].url));
        arena_clear(&arena);
    }
}

static void only_a_restricted_bug_names_its_group(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct content_draft draft = draft_of(API_TRACKER_POST_KIND_FILE);
    struct content content;
    read_back(&draft, CX_BYTES_NONE, &arena, &content);
    assert_true(cx_str_is(content.component, "Open") && content.group.len == 0);
    assert_true(cx_str_is(content.summary, "Owner \"X\": T"));
    assert_true(says(&content, "\"alias\":[\"inc_"));
    draft.restricted = true;
    read_back(&draft, CX_BYTES_NONE, &arena, &content);
    assert_true(cx_str_is(content.component, "Closed") && cx_str_is(content.group, "group"));
    assert_true(says(&content, "\"cc\":[\"r@ccadb.example\"]"));
    arena_clear(&arena);
}

static void data_takes_the_place_of_its_hash(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct content_draft draft = draft_of(API_TRACKER_POST_KIND_ATTACHMENT);
    struct content content;
    draft.obsoletes = 12;
    read_back(&draft, CX_BYTES_NONE, &arena, &content);
    assert_true(says(&content, "\"data_sha256\":\"0000") && says(&content, "\"obsoletes\":[12]"));
    read_back(&draft, CX_BYTES("abc", 3), &arena, &content);
    assert_true(says(&content, "\"data\":\"YWJj\"") && !says(&content, "data_sha256"));
    arena_clear(&arena);
}

static void a_reference_is_the_last_line_alone(void **state)
{
    (void)state;
    const struct cx_str marker = CX_STR("Reference: tpo_1");
    assert_true(content_ends_in(CX_STR("text\n\nReference: tpo_1"), marker));
    assert_true(content_ends_in(CX_STR("text\r\n\r\nReference: tpo_1\r\n "), marker));
    assert_true(content_ends_in(marker, marker));
    assert_false(content_ends_in(CX_STR("> Reference: tpo_1"), marker));
    assert_false(content_ends_in(CX_STR("Reference: tpo_1\nand more"), marker));
    assert_false(content_ends_in(CX_STR("Reference: tpo_12"), marker));
    assert_false(content_ends_in(CX_STR(""), marker));
}

static void what_is_no_content_is_refused(void **state)
{
    (void)state;
    static const char *const ROWS[] = {"", "[]", "{}", "{\"method\":\"POST\",\"url\":\"u\"}",
                                       "{\"method\":\"POST\",\"url\":\"u\",\"body\":7}"};
    for (size_t i = 0; i < CX_COUNT_OF(ROWS); i++) {
        struct arena arena = ARENA_INIT(1 << 20);
        struct content content;
        assert_int_equal(content_read(cx_str_from(ROWS[i]), CX_BYTES_NONE, &arena, &content).code,
                         CX_E_STORE);
        arena_clear(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_goes_where_it_belongs),
        cmocka_unit_test(only_a_restricted_bug_names_its_group),
        cmocka_unit_test(data_takes_the_place_of_its_hash),
        cmocka_unit_test(a_reference_is_the_last_line_alone),
        cmocka_unit_test(what_is_no_content_is_refused),
    };
    return cmocka_run_group_tests_name("core/tracker/content", tests, NULL, NULL);
}
