/* The problem table: every category has a status, and the inside stays inside. */
#include "tests/lib/test.h"

#include "base/checked.h"
#include "base/cleanup.h"

#include "codec/json.h"
#include "core/api/problem.h"

static enum api_problem_types types = API_PROBLEM_OWN;

static json_t *problem(cx_err err, uint16_t status, const struct cx_diag *diag)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(4096);
    struct cx_id id = {{1}};
    json_t *root = NULL;
    assert_ok(api_problem_write(err, status, types, diag, id, &out));
    assert_ok(json_parse(cx_buf_view(&out), 4096, NULL, &root));
    return root;
}

static const char *text(const json_t *root, const char *key)
{
    return json_string_value(json_object_get(root, key));
}

static void every_category_has_a_status(void **state)
{
    (void)state;
    static const uint16_t expected[CX_E_COUNT] = {
        [CX_E_OK] = 500,     [CX_E_USAGE] = 400,  [CX_E_PARSE] = 400,    [CX_E_POLICY] = 422,
        [CX_E_AUTH] = 401,   [CX_E_DENIED] = 403, [CX_E_NOTFOUND] = 404, [CX_E_CONFLICT] = 409,
        [CX_E_LIMIT] = 422,  [CX_E_BUSY] = 503,   [CX_E_IO] = 503,       [CX_E_STORE] = 503,
        [CX_E_CRYPTO] = 500, [CX_E_NOMEM] = 503,  [CX_E_INTERNAL] = 500,
    };
    for (int code = 0; code < CX_E_COUNT; code++) {
        json_auto_t *root = problem((cx_err){(enum cx_category)code}, 0, NULL);
        assert_int_equal(json_integer_value(json_object_get(root, "status")), expected[code]);
        assert_int_equal(api_problem_kind((cx_err){(enum cx_category)code})->status,
                         expected[code]);
        assert_true(strlen(text(root, "detail")) > 10);
        assert_true(strncmp(text(root, "request_id"), "cal_", 4) == 0);
    }
}

static void field_rule_and_detail_are_sent(void **state)
{
    (void)state;
    struct cx_diag diag = CX_DIAG_INIT;
    cx_err err =
        cx_refuse(&diag, CX_ERR(POLICY), "/names/2", "name-wildcard", "No \"wildcards\" here.");
    json_auto_t *root = problem(err, 0, &diag);
    assert_string_equal(text(root, "type"), "urn:certinext:problem:policy");
    assert_string_equal(text(root, "field"), "/names/2");
    assert_string_equal(text(root, "rule"), "name-wildcard");
    assert_string_equal(text(root, "detail"), "No \"wildcards\" here.");
}

/* RFC 7644 §3.12: its schema, a status that is a text, and a scimType where it has one. */
static void under_scim_errors_are_those_of_its_rfc(void **state)
{
    (void)state;
    static const struct {
        enum cx_category category;
        const char *rule, *status, *type;
    } rows[] = {
        {CX_E_PARSE, "scim-filter", "400", "invalidFilter"},
        {CX_E_PARSE, "scim-path", "400", "invalidPath"},
        {CX_E_PARSE, "scim-target", "400", "noTarget"},
        {CX_E_POLICY, "scim-value", "400", "invalidValue"},
        {CX_E_PARSE, "scim-mutability", "400", "mutability"},
        {CX_E_LIMIT, "scim-too-many", "400", "tooMany"},
        {CX_E_PARSE, "json-syntax", "400", "invalidSyntax"},
        {CX_E_CONFLICT, "user-name-taken", "409", "uniqueness"},
        {CX_E_DENIED, "group-privileged", "403", NULL},
        {CX_E_AUTH, "token-invalid", "401", NULL},
        {CX_E_STORE, "", "503", NULL},
    };
    types = API_PROBLEM_SCIM;
    for (size_t i = 0; i < CX_COUNT_OF(rows); i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        cx_err err = cx_refuse(&diag, (cx_err){rows[i].category}, "x", rows[i].rule, "Why.");
        json_auto_t *root = problem(err, 0, &diag);
        assert_string_equal(json_string_value(json_array_get(json_object_get(root, "schemas"), 0)),
                            "urn:ietf:params:scim:api:messages:2.0:Error");
        assert_string_equal(text(root, "status"), rows[i].status);
        if (rows[i].category == CX_E_STORE) /* the inside stays inside */
            assert_string_not_equal(text(root, "detail"), "Why.");
        else
            assert_string_equal(text(root, "detail"), "Why.");
        if (rows[i].type)
            assert_string_equal(text(root, "scimType"), rows[i].type);
        else
            assert_null(text(root, "scimType"));
    }
    types = API_PROBLEM_OWN;
    assert_string_equal(api_problem_content_type(API_PROBLEM_SCIM), "application/scim+json");
    assert_int_equal(api_problem_status(CX_ERR(POLICY), 403, API_PROBLEM_SCIM), 403);
}

static void under_acme_the_types_are_those_of_its_rfc(void **state)
{
    (void)state;
    static const struct {
        enum cx_category code;
        uint16_t status;
        const char *type;
    } cases[] = {
        {CX_E_USAGE, 405, "urn:ietf:params:acme:error:malformed"},
        {CX_E_NOTFOUND, 0, "urn:ietf:params:acme:error:malformed"},
        {CX_E_LIMIT, 429, "urn:ietf:params:acme:error:rateLimited"},
        {CX_E_BUSY, 0, "urn:ietf:params:acme:error:serverInternal"},
    };
    types = API_PROBLEM_ACME;
    for (size_t i = 0; i < CX_COUNT_OF(cases); i++) {
        json_auto_t *root = problem((cx_err){cases[i].code}, cases[i].status, NULL);
        assert_string_equal(text(root, "type"), cases[i].type);
    }
    types = API_PROBLEM_OWN;
}

static void internal_detail_never_leaks(void **state)
{
    (void)state;
    static const enum cx_category hidden[] = {CX_E_IO, CX_E_STORE, CX_E_CRYPTO, CX_E_NOMEM,
                                              CX_E_INTERNAL};
    for (size_t i = 0; i < CX_COUNT_OF(hidden); i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        cx_err err = cx_refuse(&diag, (cx_err){hidden[i]}, "/field", "rule",
                               "password=hunter2 at /var/lib/x");
        json_auto_t *root = problem(err, 0, &diag);
        assert_null(json_object_get(root, "field"));
        assert_null(json_object_get(root, "rule"));
        assert_null(strstr(text(root, "detail"), "hunter2"));
    }
}

static void http_may_name_its_own_status(void **state)
{
    (void)state;
    json_auto_t *root = problem(CX_ERR(LIMIT), 413, NULL);
    assert_int_equal(json_integer_value(json_object_get(root, "status")), 413);
    assert_string_equal(text(root, "type"), "urn:certinext:problem:limit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_category_has_a_status),
        cmocka_unit_test(field_rule_and_detail_are_sent),
        cmocka_unit_test(under_scim_errors_are_those_of_its_rfc),
        cmocka_unit_test(under_acme_the_types_are_those_of_its_rfc),
        cmocka_unit_test(internal_detail_never_leaks),
        cmocka_unit_test(http_may_name_its_own_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
