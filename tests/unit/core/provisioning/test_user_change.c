/* Users and PATCH documents on them: the shapes that directories send, and that nothing hides active:false. */
#include "tests/lib/test.h"

#include "base/checked.h"
#include "core/provisioning/user_change.h"

static struct arena arena = ARENA_INIT(1 << 22);

static struct scim_user_document patched(const char *operations)
{
    struct scim_user_document document = {.deactivates = false};
    struct cx_str body;
    assert_ok(arena_printf(&arena, &body, "{\"Operations\":[%s]}", operations));
    assert_ok(scim_user_patch_read(cx_str_bytes(body), &arena, NULL, &document));
    return document;
}

static void a_whole_user(void **state)
{
    (void)state;
    static const char body[] =
        "{\"schemas\":[\"x\"],\"id\":\"ignored\",\"USERNAME\":\"u\",\"externalId\":\"e\",\"title\":"
        "7,"
        "\"name\":{\"givenName\":\"G\",\"familyName\":null,\"middleName\":{}},\"active\":true,"
        "\"emails\":[{\"value\":\"home@x.org\",\"type\":\"home\",\"primary\":true},"
        "{\"value\":\"work@x.org\",\"type\":\"Work\"}]}";
    struct scim_user_document document;
    assert_ok(scim_user_read(cx_str_bytes(cx_str_from(body)), &arena, NULL, &document));
    assert_int_equal(document.refused.count, 0);
    assert_str(document.change.text[SCIM_USER_NAME], "u");
    assert_str(document.change.text[SCIM_EXTERNAL_ID], "e");
    assert_str(document.change.text[SCIM_GIVEN_NAME], "G");
    assert_true(document.change.set[SCIM_FAMILY_NAME]);
    assert_str(document.change.text[SCIM_FAMILY_NAME], "");
    assert_str(document.change.text[SCIM_EMAIL], "work@x.org");
    assert_false(document.change.set[SCIM_DISPLAY_NAME]);
    assert_true(document.change.set_active && document.change.active);
    assert_false(document.deactivates);
}

static void which_address_is_kept(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"[{\"value\":\"a@x.org\"},{\"value\":\"b@x.org\",\"primary\":true}]", "b@x.org"},
        {"[{\"value\":\"a@x.org\"},{\"value\":\"b@x.org\"}]", "a@x.org"},
        {"{\"value\":\"a@x.org\"}", "a@x.org"},
        {"\"a@x.org\"", "a@x.org"},
        {"[]", ""},
        {"null", ""},
    };
    for (size_t i = 0; i < CX_COUNT_OF(rows); i++) {
        struct cx_str operation;
        assert_ok(arena_printf(&arena, &operation,
                               "{\"op\":\"replace\",\"path\":\"emails\",\"value\":%s}",
                               rows[i][0]));
        struct scim_user_document document = patched(operation.ptr);
        assert_int_equal(document.refused.count, 0);
        assert_true(document.change.set[SCIM_EMAIL]);
        assert_str(document.change.text[SCIM_EMAIL], rows[i][1]);
    }
}

static void active_in_every_shape(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"}",
        "{\"op\":\"replace\",\"path\":\"active\",\"value\":false}",
        "{\"OP\":\"REPLACE\",\"PATH\":\"ACTIVE\",\"VALUE\":\"FALSE\"}",
        "{\"op\":\"add\",\"value\":{\"active\":false}}",
        "{\"op\":\"replace\",\"path\":\"\",\"value\":{\"Active\":\"false\"}}",
        "{\"op\":\"replace\",\"path\":\"active\",\"value\":[{\"value\":\"False\"}]}",
        "{\"op\":\"replace\",\"value\":{\"urn:ietf:params:scim:schemas:core:2.0:User:active\":"
        "\"False\"}}",
        "{\"op\":\"replace\",\"path\":\"urn:ietf:params:scim:schemas:core:2.0:User:active\","
        "\"value\":false}",
    };
    for (size_t i = 0; i < CX_COUNT_OF(rows); i++) {
        struct scim_user_document document = patched(rows[i]);
        assert_int_equal(document.refused.count, 0);
        assert_true(document.deactivates && document.change.set_active && !document.change.active);
    }
}

static void refusals_do_not_hide_active(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{}",
        "7",
        "{\"op\":\"move\",\"path\":\"a\"}",
        "{\"op\":\"remove\"}",
        "{\"op\":\"add\",\"path\":7,\"value\":1}",
        "{\"op\":\"add\",\"path\":\"a b\",\"value\":1}",
        "{\"op\":\"replace\",\"path\":\"userName\",\"value\":[]}",
        "{\"op\":\"replace\",\"path\":\"id\",\"value\":\"x\"}",
        "{\"op\":\"replace\",\"path\":\"name\",\"value\":\"x\"}",
        "{\"op\":\"replace\",\"value\":\"x\"}",
        "{\"op\":\"remove\",\"path\":\"active\"}",
        "{\"op\":\"replace\",\"path\":\"emails\",\"value\":\"no address\"}",
        "{\"op\":\"replace\",\"path\":\"name[x eq 1]\",\"value\":\"x\"}",
        "{\"op\":\"replace\",\"path\":\"displayName\",\"value\":\"a\\nb\"}",
        "{\"op\":\"replace\",\"path\":\"active\",\"value\":\"maybe\"}",
    };
    for (size_t i = 0; i < CX_COUNT_OF(bad); i++) {
        struct cx_str operations;
        assert_ok(arena_printf(&arena, &operations,
                               "%s,{\"op\":\"replace\",\"path\":\"active\",\"value\":false},%s,"
                               "{\"op\":\"replace\",\"path\":\"displayName\",\"value\":\"D\"}",
                               bad[i], bad[i]));
        struct scim_user_document document = patched(operations.ptr);
        assert_int_equal(document.refused.count, 2);
        assert_int_equal(document.refused.operation, 1);
        assert_true(document.refused.diag.rule[0] && document.refused.diag.text[0]);
        assert_true(document.deactivates);
        assert_str(document.change.text[SCIM_DISPLAY_NAME], "D");
        assert_false(document.change.set[SCIM_USER_NAME]);
    }
    /* In the very operation that is refused, before and after what is wrong with it. */
    static const char *const one[] = {
        "{\"op\":\"replace\",\"value\":{\"active\":false,\"userName\":7}}",
        "{\"op\":\"replace\",\"value\":{\"userName\":7,\"active\":false}}"};
    for (size_t i = 0; i < CX_COUNT_OF(one); i++) {
        struct scim_user_document document = patched(one[i]);
        assert_int_equal(document.refused.count, 1);
        assert_true(document.deactivates && !document.change.set_active);
    }
    assert_false(patched("{\"op\":\"replace\",\"value\":{\"active\":false}},"
                         "{\"op\":\"replace\",\"value\":{\"active\":true}}")
                     .deactivates);
}

static void what_is_not_known_is_read_over(void **state)
{
    (void)state;
    struct scim_user_document document = patched(
        "{\"op\":\"add\",\"path\":\"urn:x:2.0:User:manager\",\"value\":\"m\"},"
        "{\"op\":\"add\",\"path\":\"phoneNumbers[type eq \\\"work\\\"].value\",\"value\":\"1\"},"
        "{\"op\":\"add\",\"path\":\"emails[type eq \\\"home\\\"].value\",\"value\":\"x\"},"
        "{\"op\":\"add\",\"path\":\"emails[type eq \\\"work\\\"].display\",\"value\":\"x\"},"
        "{\"op\":\"remove\",\"path\":\"title\"}");
    assert_int_equal(document.refused.count, 0);
    for (int i = 0; i < SCIM_TEXT_COUNT; i++)
        assert_false(document.change.set[i]);
    document = patched("{\"op\":\"remove\",\"path\":\"name\"},"
                       "{\"op\":\"remove\",\"path\":\"emails[type eq \\\"work\\\"]\"}");
    assert_true(document.change.set[SCIM_GIVEN_NAME] && document.change.set[SCIM_FORMATTED]);
    assert_true(document.change.set[SCIM_EMAIL]);
}

static void no_document_at_all(void **state)
{
    (void)state;
    static const char *const rows[] = {"",
                                       "[]",
                                       "{}",
                                       "{\"Operations\":{}}",
                                       "{\"Operations\":[]}",
                                       "{\"Operations\":[],\"Operations\":[{}]}",
                                       "{\"Operations\":[{}]} "
                                       "x"};
    for (size_t i = 0; i < CX_COUNT_OF(rows); i++) {
        struct scim_user_document document = {.deactivates = true};
        assert_err(
            scim_user_patch_read(cx_str_bytes(cx_str_from(rows[i])), &arena, NULL, &document),
            PARSE);
        assert_true(document.deactivates);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_user),
        cmocka_unit_test(which_address_is_kept),
        cmocka_unit_test(active_in_every_shape),
        cmocka_unit_test(refusals_do_not_hide_active),
        cmocka_unit_test(what_is_not_known_is_read_over),
        cmocka_unit_test(no_document_at_all),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_clear(&arena);
    return failed;
}
