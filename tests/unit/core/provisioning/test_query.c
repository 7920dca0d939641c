/* Query strings: RFC 7644 §3.4.2 and §3.9. */
#include "tests/lib/test.h"

#include "base/checked.h"
#include "core/provisioning/query.h"

static struct arena arena = ARENA_INIT(1 << 20);

static struct scim_query read_ok(const char *target)
{
    struct scim_query query = {.count = 0};
    assert_ok(scim_query_read(cx_str_from(target), &arena, NULL, &query));
    return query;
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        size_t start_index, count;
    } rows[] = {
        {"/Users", 1, SCIM_COUNT_DEFAULT},
        {"/Users?", 1, SCIM_COUNT_DEFAULT},
        {"/Users?startIndex=7&count=3", 7, 3},
        {"/Users?STARTINDEX=0&COUNT=-5", 1, 0},
        {"/Users?startIndex=-1&count=9999", 1, SCIM_COUNT_MAX},
        {"/Users?aadOptscim062020&&=&x=y&count=2&sortOrder=ascending", 1, 2},
    };
    for (size_t i = 0; i < CX_COUNT_OF(rows); i++) {
        struct scim_query query = read_ok(rows[i].target);
        assert_int_equal(query.start_index, rows[i].start_index);
        assert_int_equal(query.count, rows[i].count);
    }
}

static void filters_are_decoded(void **state)
{
    (void)state;
    struct scim_query query = read_ok("/Users?filter=userName+eq+%22a%2Bb%20c%22&count=1");
    assert_int_equal(query.filter.count, 1);
    assert_str(query.filter.terms[0].value, "a+b c");
}

static void what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *target, *rule;
    } rows[] = {{"/Users?filter=", "scim-filter"},     {"/Users?filter=a", "scim-filter"},
                {"/Users?count=", "scim-value"},       {"/Users?count=1e3", "scim-value"},
                {"/Users?startIndex=x", "scim-value"}, {"/Users?filter=%zz", "scim-syntax"},
                {"/Users?x=%00", "scim-syntax"},       {"/Users?x=%ff", "scim-syntax"}};
    for (size_t i = 0; i < CX_COUNT_OF(rows); i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        struct scim_query query;
        assert_err(scim_query_read(cx_str_from(rows[i].target), &arena, &diag, &query), PARSE);
        assert_string_equal(diag.rule, rows[i].rule);
    }
}

static void what_is_wanted(void **state)
{
    (void)state;
    struct scim_query all = read_ok("/Users");
    struct scim_query some = read_ok("/Users?attributes=userName,%20name.givenName,Emails");
    struct scim_query most = read_ok("/Users?excludedAttributes=members,name.givenName");
    assert_true(scim_query_wants(&all, "members"));
    assert_true(scim_query_wants(&some, "userName"));
    assert_true(scim_query_wants(&some, "name"));
    assert_true(scim_query_wants(&some, "emails"));
    assert_false(scim_query_wants(&some, "active"));
    assert_false(scim_query_wants(&some, "user"));
    assert_false(scim_query_wants(&most, "members"));
    assert_true(scim_query_wants(&most, "name"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(filters_are_decoded),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(what_is_wanted),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_clear(&arena);
    return failed;
}
