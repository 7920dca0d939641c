/* Routing: exact literals, variables decoded once, methods. */
#include "tests/lib/test.h"

#include "base/checked.h"
#include "base/cleanup.h"

#include "api_types.h"
#include "core/api/route.h"

static struct arena arena = ARENA_INIT(1 << 20);
static struct cx_diag diag;
static struct cx_str allow;

static cx_err route(const char *method, const char *path, struct api_route *ret_route)
{
    diag = CX_DIAG_INIT;
    allow = CX_STR_NONE;
    return api_route_find(api_operations, API_OP_COUNT, cx_str_from(method), cx_str_from(path),
                          &arena, &diag, &allow, ret_route);
}

static void check(const char *method, const char *path, enum api_operation_id operation)
{
    struct api_route found;
    assert_ok(route(method, path, &found));
    assert_int_equal(found.index, operation);
    assert_ptr_equal(found.operation, &api_operations[operation]);
}

/* Every operation is found under its own template with a word for each variable. */
static void every_operation_is_reachable(void **state)
{
    (void)state;
    static const char *const names[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    for (size_t i = 0; i < API_OP_COUNT; i++) {
        char path[256];
        size_t len = 0;
        for (const char *from = api_operations[i].path; *from; from++) {
            if (*from == '{')
                while (*from != '}')
                    from++;
            path[len++] = *from == '}' ? 'w' : *from;
        }
        path[len] = '\0';
        check(names[api_operations[i].method], path, (enum api_operation_id)i);
    }
}

static void literals_win_over_variables(void **state)
{
    (void)state;
    check("GET", "/v1/certificates/export", API_OP_CERTIFICATE_EXPORT);
    check("GET", "/v1/certificates/exporT", API_OP_CERTIFICATE_GET);
    check("HEAD", "/healthz", API_OP_HEALTH);
}

static void not_found(void **state)
{
    (void)state;
    static const char *const paths[] = {"",
                                        "/",
                                        "/healthz/",
                                        "//healthz",
                                        "/v1",
                                        "/v1/users/",
                                        "/v1/users//roles",
                                        "/v1/users/../tokens",
                                        "/v1/users/.",
                                        "/v1/%75sers",
                                        "/V1/users",
                                        "healthz",
                                        "/v1/users/a/b",
                                        "*",
                                        "http://x/healthz"};
    struct api_route found;
    for (size_t i = 0; i < CX_COUNT_OF(paths); i++) {
        cx_err err = route("GET", paths[i], &found);
        if (err.code != CX_E_NOTFOUND)
            fail_msg("%s: %s", paths[i], cx_err_name(err));
    }
    char *longest = test_calloc(1, API_PATH_MAX + 20);
    memset(longest, 'a', API_PATH_MAX + 1);
    memcpy(longest, "/v1/users/", 10);
    assert_err(route("GET", longest, &found), NOTFOUND);
    test_free(longest);
}

static void wrong_method_names_the_right_ones(void **state)
{
    (void)state;
    struct api_route found;
    assert_err(route("DELETE", "/v1/users", &found), USAGE);
    assert_str(allow, "GET, POST");
    assert_err(route("get", "/v1/users", &found), USAGE);
    assert_err(route("HEAD", "/v1/enroll", &found), USAGE);
    assert_str(allow, "POST");
}

static void variables_are_decoded_once(void **state)
{
    (void)state;
    struct api_route found;
    assert_ok(route("GET", "/v1/users/a%2Fb%2541", &found));
    assert_int_equal(found.value_count, 1);
    assert_str(found.values[0].text, "a/b%41");
    assert_string_equal(found.values[0].field->name, "user_id");
    assert_err(route("GET", "/v1/users/a%2", &found), PARSE);
    assert_err(route("GET", "/v1/users/%ff", &found), PARSE);
    assert_err(route("GET", "/v1/users/%00", &found), PARSE);
}

/* RFC 6960 appendix A: the base64 in the path may hold '/', even two of them. */
static void the_rest_of_the_path(void **state)
{
    (void)state;
    struct api_route found;
    assert_ok(route("GET", "/ocsp/iss_x/MFA//aa%2Bb/c%3D", &found));
    assert_int_equal(found.index, API_OP_OCSP_GET);
    assert_str(found.values[1].text, "MFA//aa+b/c=");
    assert_ok(route("POST", "/ocsp/iss_x", &found));
    assert_int_equal(found.index, API_OP_OCSP_POST);
}

static int finish(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_is_reachable),
        cmocka_unit_test(literals_win_over_variables),
        cmocka_unit_test(not_found),
        cmocka_unit_test(wrong_method_names_the_right_ones),
        cmocka_unit_test(variables_are_decoded_once),
        cmocka_unit_test(the_rest_of_the_path),
    };
    return cmocka_run_group_tests(tests, NULL, finish);
}
