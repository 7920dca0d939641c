/* Groups and PATCH documents on them, as steps in their order. */
#include "tests/lib/test.h"

#include "base/checked.h"
#include "core/provisioning/group_change.h"

#define ONE "usr_00000000000000000000000001"
#define TWO "usr_00000000000000000000000002"

static struct arena arena = ARENA_INIT(1 << 24);

/* "add:2 keep:0 …": kinds and how many members. */
static struct cx_str steps_of(const struct scim_group_document *document)
{
    static const char *const names[] = {
        [SCIM_STEP_NAME] = "name",      [SCIM_STEP_EXTERNAL_ID] = "external",
        [SCIM_STEP_ADD] = "add",        [SCIM_STEP_REMOVE] = "remove",
        [SCIM_STEP_REMOVE_ALL] = "all", [SCIM_STEP_KEEP] = "keep"};
    struct cx_str text = CX_STR("");
    for (const struct scim_step *step = document->steps; step; step = step->next)
        assert_ok(arena_printf(&arena, &text, "%.*s%s:%zu@%zu ", CX_STR_ARG(text),
                               names[step->kind], step->member_count, step->operation));
    return text;
}

static void patches(void **state)
{
    (void)state;
    static const struct {
        const char *operations, *steps;
        size_t refused;
    } rows[] = {
        {"{\"op\":\"Add\",\"path\":\"members\",\"value\":[{\"$ref\":null,\"value\":\"" ONE
         "\"},{\"value\":\"" TWO "\"}]}",
         "add:2@1 ", 0},
        {"{\"op\":\"add\",\"path\":\"members\",\"value\":{\"value\":\"" ONE "\"}}", "add:1@1 ", 0},
        {"{\"op\":\"add\",\"value\":{\"members\":[\"" ONE "\"],\"displayName\":\"n\"}}",
         "add:1@1 name:0@1 ", 0},
        {"{\"op\":\"Remove\",\"path\":\"members\",\"value\":[{\"value\":\"" ONE "\"}]}",
         "remove:1@1 ", 0},
        {"{\"op\":\"remove\",\"path\":\"members[value eq \\\"" ONE "\\\"]\"}", "remove:1@1 ", 0},
        {"{\"op\":\"remove\",\"path\":\"members[value eq \\\"nobody\\\"]\"}", "remove:0@1 ", 0},
        {"{\"op\":\"remove\",\"path\":\"members\"}", "all:0@1 ", 0},
        {"{\"op\":\"replace\",\"path\":\"members\",\"value\":[{\"value\":\"" TWO "\"}]}",
         "keep:1@1 add:1@1 ", 0},
        {"{\"op\":\"replace\",\"value\":{\"id\":\"grp_x\",\"displayName\":\"new\"}}", "name:0@1 ",
         0},
        {"{\"op\":\"replace\",\"path\":\"description\",\"value\":\"x\"}", "", 0},
        /* refused, and what is not refused beside it */
        {"{\"op\":\"add\",\"path\":\"members\",\"value\":[{\"value\":\"grp_x\"},{\"value\":\"" ONE
         "\"},7]},{\"op\":\"replace\",\"path\":\"externalId\",\"value\":\"e\"}",
         "add:1@1 external:0@2 ", 2},
        {"{\"op\":\"move\"},{\"op\":\"remove\",\"path\":\"members\"}", "all:0@2 ", 1},
        {"{\"op\":\"remove\",\"path\":\"displayName\"}", "", 1},
        {"{\"op\":\"replace\",\"path\":\"id\",\"value\":\"x\"}", "", 1},
        {"{\"op\":\"add\",\"path\":\"members[value eq \\\"" ONE "\\\"]\",\"value\":1}", "", 1},
        {"{\"op\":\"remove\",\"path\":\"members[display eq \\\"x\\\"]\"}", "", 1},
        {"{\"op\":\"replace\",\"value\":7}", "", 1},
    };
    for (size_t i = 0; i < CX_COUNT_OF(rows); i++) {
        struct scim_group_document document;
        struct cx_str body;
        assert_ok(arena_printf(&arena, &body, "{\"Operations\":[%s]}", rows[i].operations));
        assert_ok(scim_group_patch_read(cx_str_bytes(body), &arena, NULL, &document));
        assert_str(steps_of(&document), rows[i].steps);
        assert_int_equal(document.refused.count, rows[i].refused);
    }
}

static void whole_groups(void **state)
{
    (void)state;
    static const struct {
        const char *body, *steps;
    } rows[] = {
        {"{\"displayName\":\"n\"}", "name:0@0 external:0@0 keep:0@0 add:0@0 "},
        {"{\"DISPLAYNAME\":\"n\",\"externalId\":\"e\",\"Members\":[{\"value\":\"" TWO
         "\"},{\"value\":\"" ONE "\"}]}",
         "name:0@0 external:0@0 keep:2@0 add:2@0 "},
    };
    for (size_t i = 0; i < CX_COUNT_OF(rows); i++) {
        struct scim_group_document document;
        assert_ok(
            scim_group_read(cx_str_bytes(cx_str_from(rows[i].body)), &arena, NULL, &document));
        assert_str(steps_of(&document), rows[i].steps);
    }
    struct scim_group_document document;
    struct cx_diag diag = CX_DIAG_INIT;
    assert_err(scim_group_read(cx_str_bytes(CX_STR("{\"members\":[]}")), &arena, &diag, &document),
               PARSE);
    assert_string_equal(diag.rule, "scim-value");
}

static void the_members_that_stay_are_sorted(void **state)
{
    (void)state;
    struct scim_group_document document;
    assert_ok(scim_group_read(
        cx_str_bytes(CX_STR("{\"displayName\":\"n\",\"members\":[\"" TWO "\",\"" ONE "\"]}")),
        &arena, NULL, &document));
    const struct scim_step *keep = document.steps->next->next;
    assert_int_equal(keep->kind, SCIM_STEP_KEEP);
    assert_true(memcmp(&keep->members[0], &keep->members[1], sizeof(struct cx_id)) < 0);
}

static void too_many(void **state)
{
    (void)state;
    static char body[SCIM_MEMBERS_MAX * 8 + 256];
    struct scim_group_document document;
    struct cx_diag diag = CX_DIAG_INIT;
    size_t len = (size_t)snprintf(
        body, sizeof(body), "{\"Operations\":[{\"op\":\"add\",\"path\":\"members\",\"value\":[1");
    for (int i = 0; i < SCIM_MEMBERS_MAX; i++)
        len += (size_t)snprintf(body + len, sizeof(body) - len, ",1");
    len += (size_t)snprintf(body + len, sizeof(body) - len, "]}]}");
    assert_ok(scim_group_patch_read(CX_BYTES(body, len), &arena, NULL, &document));
    assert_int_equal(document.refused.count, 1);
    assert_string_equal(document.refused.diag.rule, "scim-too-many");
    assert_null(document.steps);
    len = (size_t)snprintf(body, sizeof(body), "{\"Operations\":[1");
    for (int i = 0; i < SCIM_OPERATIONS_MAX; i++)
        len += (size_t)snprintf(body + len, sizeof(body) - len, ",1");
    len += (size_t)snprintf(body + len, sizeof(body) - len, "]}");
    assert_err(scim_group_patch_read(CX_BYTES(body, len), &arena, &diag, &document), LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patches),
        cmocka_unit_test(whole_groups),
        cmocka_unit_test(the_members_that_stay_are_sorted),
        cmocka_unit_test(too_many),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_clear(&arena);
    return failed;
}
