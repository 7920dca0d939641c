/* Filters and paths: what directories send is read, everything else is refused by the rule that was asked for. */
#include "tests/lib/test.h"

#include "base/checked.h"
#include "core/provisioning/filter.h"

static struct arena arena = ARENA_INIT(1 << 20);

static void filters(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count;
        const char *attribute, *value; /* of the last term */
        bool quoted;
    } rows[] = {
        {"userName eq \"bjensen\"", 1, "userName", "bjensen", true},
        {"  userName  EQ  \"b\"  ", 1, "userName", "b", true},
        {"externalId eq \"\"", 1, "externalId", "", true},
        {"id eq \"usr_1\" AND members.value eq \"usr_2\"", 2, "members.value", "usr_2", true},
        {"active eq True", 1, "active", "True", false},
        {"x eq -1.5", 1, "x", "-1.5", false},
        {"displayName eq \"a \\\"b\\\" \\u00e9\\\\\"", 1, "displayName", "a \"b\" é\\", true},
        {"urn:ietf:params:scim:schemas:core:2.0:USER:userName eq \"u\"", 1, "userName", "u", true},
        {"urn:x:2.0:User:a eq \"] and [\"", 1, "urn:x:2.0:User:a", "] and [", true},
    };
    for (size_t i = 0; i < CX_COUNT_OF(rows); i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        struct scim_filter filter = {.count = 0};
        assert_ok(scim_filter_parse(cx_str_from(rows[i].text), &arena, &diag, &filter));
        assert_int_equal(filter.count, rows[i].count);
        const struct scim_term *last = &filter.terms[filter.count - 1];
        assert_str(last->attribute, rows[i].attribute);
        assert_str(last->value, rows[i].value);
        assert_int_equal(last->quoted, rows[i].quoted);
    }
}

static void filters_that_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        " ",
        "userName",
        "userName ",
        "userName eq",
        "userName eq ",
        "eq \"x\"",
        "userName eq \"x",
        "userName eq \"x\\",
        "userName eq \"\\x\"",
        "userName eq \"a\nb\"",
        "userName ne \"x\"",
        "userName pr",
        "userName eq \"x\" or id eq \"y\"",
        "userName eq \"x\" and",
        "(a eq \"x\")",
        "userName eq \"x\"and id eq \"y\"",
        "not a eq \"x\"",
        "a eq \"x\"]",
        "a eq \"x\" b",
        "a[b eq \"c\"] eq \"x\"",
        "a eq \"\\u0000\"",
        "a eq \"\\ud800\"",
        "a eq 1 and a eq 1 and a eq 1 and a eq 1 and a eq 1 and a eq 1 and a eq 1 and a eq 1 and a "
        "eq 1",
    };
    for (size_t i = 0; i < CX_COUNT_OF(rows); i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        struct scim_filter filter = {.count = 77};
        assert_err(scim_filter_parse(cx_str_from(rows[i]), &arena, &diag, &filter), PARSE);
        assert_string_equal(diag.rule, "scim-filter");
        assert_int_equal(filter.count, 77);
    }
    char name[SCIM_FILTER_MAX + 2];
    struct scim_filter filter;
    memset(name, 'a', sizeof(name));
    assert_err(scim_filter_parse((struct cx_str){name, SCIM_NAME_MAX + 1}, &arena, NULL, &filter),
               PARSE);
    assert_err(scim_filter_parse((struct cx_str){name, sizeof(name)}, &arena, NULL, &filter),
               LIMIT);
}

static void paths(void **state)
{
    (void)state;
    static const struct {
        const char *text, *attribute, *sub;
        size_t count;
    } rows[] = {
        {"active", "active", "", 0},
        {"name.familyName", "name.familyName", "", 0},
        {"members[value eq \"usr_1\"]", "members", "", 1},
        {"emails[type eq \"work\"].value", "emails", "value", 1},
        {"emails[type eq \"work\" and primary eq true].value", "emails", "value", 2},
        {"urn:ietf:params:scim:schemas:core:2.0:Group:members", "members", "", 0},
        {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
         "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "", 0},
        {"emails[value eq \"a]b\"]", "emails", "", 1},
    };
    static const char *const refused[] = {"",
                                          "[a eq \"b\"]",
                                          "a[",
                                          "a[]",
                                          "a b",
                                          "a[b]",
                                          "a[b eq \"c\"",
                                          "a[b eq \"c\"].",
                                          "a/b",
                                          "a[b eq \"c\"]x",
                                          "a[b eq \"c\"].d[e eq \"f\"]"};
    for (size_t i = 0; i < CX_COUNT_OF(rows); i++) {
        struct scim_path path;
        assert_ok(scim_path_parse(cx_str_from(rows[i].text), &arena, NULL, &path));
        assert_str(path.attribute, rows[i].attribute);
        assert_str(path.sub, rows[i].sub);
        assert_int_equal(path.filter.count, rows[i].count);
    }
    for (size_t i = 0; i < CX_COUNT_OF(refused); i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        struct scim_path path;
        assert_err(scim_path_parse(cx_str_from(refused[i]), &arena, &diag, &path), PARSE);
        assert_string_equal(diag.rule, "scim-path");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters),
        cmocka_unit_test(filters_that_are_refused),
        cmocka_unit_test(paths),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_clear(&arena);
    return failed;
}
