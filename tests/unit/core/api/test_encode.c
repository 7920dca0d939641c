/* Encoding: exact bytes, and nothing leaves that the contract excludes. */
#include "tests/lib/test.h"

#include "base/checked.h"
#include "base/cleanup.h"

#include "api_types.h"
#include "core/api/encode.h"

static void user_is_written(void **state)
{
    (void)state;
    static const struct cx_str roles[] = {CX_STR("approver"), CX_STR("auditor")};
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(4096);
    struct api_user_view user = {.display_name = CX_STR("A \"B\"\n"),
                                 .state = API_USER_STATE_ACTIVE,
                                 .roles = roles,
                                 .roles_count = 2,
                                 .created = INT64_C(1795298400) * CX_US_PER_S};
    assert_ok(api_encode(&api_schema_user_view, &user, &out));
    assert_bytes(
        cx_buf_view(&out),
        "{\"id\":\"usr_00000000000000000000000000\",\"kind\":\"person\",\"display_name\":\"A "
        "\\\"B\\\"\\n\",\"state\":\"active\","
        "\"roles\":[\"approver\",\"auditor\"],\"created\":\"2026-11-21T22:00:00Z\"}",
        strlen(
            "{\"id\":\"usr_00000000000000000000000000\",\"kind\":\"person\",\"display_name\":\"A "
            "\\\"B\\\"\\n\",\"state\":\"active\","
            "\"roles\":[\"approver\",\"auditor\"],\"created\":\"2026-11-21T22:00:00Z\"}"));
}

static void optional_members_need_their_flag(void **state)
{
    (void)state;
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(4096);
    struct api_component_view part = {.name = CX_STR("keys"), .detail = CX_STR("unseen")};
    assert_ok(api_encode(&api_schema_component_view, &part, &out));
    assert_bytes(cx_buf_view(&out), "{\"name\":\"keys\",\"state\":\"ok\"}", 28);
    part.has_detail = true;
    cx_buf_reset(&out);
    assert_ok(api_encode(&api_schema_component_view, &part, &out));
    assert_non_null(memmem(out.ptr, out.len, "\"detail\":\"unseen\"", 17));
}

static void raw_json_and_base64(void **state)
{
    (void)state;
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(4096);
    struct api_audit_view entry = {.id = CX_STR("aud_1"),
                                   .action = CX_STR("user.create"),
                                   .has_details = true,
                                   .details = CX_STR("{\"a\":[1,2]}")};
    assert_ok(api_encode(&api_schema_audit_view, &entry, &out));
    assert_non_null(memmem(out.ptr, out.len, "\"details\":{\"a\":[1,2]}", 21));
    struct api_collected_view collected = {.pkcs12 = CX_BYTES("\x00\xff\x10", 3)};
    cx_buf_reset(&out);
    assert_ok(api_encode(&api_schema_collected_view, &collected, &out));
    assert_non_null(memmem(out.ptr, out.len, "\"pkcs12\":\"AP8Q\"", 15));
}

static void a_handlers_bug_does_not_leave(void **state)
{
    (void)state;
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(4096);
    struct api_component_view part = {.name = CX_STR("keys"), .state = API_COMPONENT_STATE_COUNT};
    assert_err(api_encode(&api_schema_component_view, &part, &out), INTERNAL);
    part = (struct api_component_view){.name = CX_STR("\xff")};
    cx_buf_reset(&out);
    assert_err(api_encode(&api_schema_component_view, &part, &out), INTERNAL);
    struct api_user_view user = {.roles_count = 65};
    cx_buf_reset(&out);
    assert_err(api_encode(&api_schema_user_view, &user, &out), INTERNAL);
}

static void the_answer_is_capped(void **state)
{
    (void)state;
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(8);
    struct api_component_view part = {.name = CX_STR("keys")};
    assert_err(api_encode(&api_schema_component_view, &part, &out), LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(user_is_written),      cmocka_unit_test(optional_members_need_their_flag),
        cmocka_unit_test(raw_json_and_base64),  cmocka_unit_test(a_handlers_bug_does_not_leave),
        cmocka_unit_test(the_answer_is_capped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
