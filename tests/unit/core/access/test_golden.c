/*
 * Every operation of the contract × every built-in role × where the object lies, as a table that is read in review:
 * tests/golden/access.txt. An operation that is added, or a role that gains a right, shows there or fails here.
 * CX_GOLDEN_WRITE=1 writes the table instead of comparing (tools/gen-golden).
 *
 * Five marks for each role. Bound everywhere: 1 any object. Bound to a group and a tag: 2 an object there, 3 in another
 * group, 4 with another value of the tag, 5 in another tenant. "y" allowed, "." refused or not there.
 */
#include "people.h"

#include "api_types.h"

enum { TABLE_MAX = 256 * 1024 };

static struct cx_id mine = {{7}}, foreign = {{8}};
static struct access_tag production = {CX_STR("env"), CX_STR("prod")},
                         test = {CX_STR("env"), CX_STR("test")};

static struct principal bound(size_t role, bool everywhere)
{
    struct tag_clause clause = {&production, 1};
    struct tag_expression tags = {&clause, 1};
    struct access_binding binding = {.binding_id = {{1}},
                                     .subject = ACCESS_USER,
                                     .subject_id = {{2}},
                                     .role = cx_str_from(access_builtin_name(role)),
                                     .everywhere = everywhere,
                                     .groups = &mine,
                                     .group_count = everywhere ? 0 : 1,
                                     .tags = everywhere ? NULL : &tags,
                                     .expires_us = CX_TIME_NEVER};
    struct access_state state = {.bindings = &binding, .binding_count = 1};
    struct principal made = {.tenant_id = {{1}}, .user_id = {{2}}, .authenticated = true};
    access_builtin_permissions(role, &binding.permissions);
    assert_ok(access_rights_compile(&state, (struct access_subject_ids){.user_id = {{2}}}, 1,
                                    &made.rights));
    return made;
}

/* As the dispatcher and then the handler ask. */
static char may(const struct principal *principal, enum permission permission,
                const struct access_place *place)
{
    struct access_object object = {.place = *place, .requester_id = {{3}}};
    if (permission == PERMISSION_REQUEST_CANCEL || permission == PERMISSION_REQUEST_COLLECT)
        object.requester_id = principal->user_id;
    if (cx_failed(authorise(principal, permission, NULL, NULL)))
        return '.';
    if (access_permission_reach(permission) != ACCESS_REACH_OBJECT)
        return 'y';
    return cx_is_ok(authorise(principal, permission, &object, NULL)) ? 'y' : '.';
}

static void add_marks(char *line, size_t size, size_t role, enum permission permission)
{
    struct principal everywhere = bound(role, true), scoped = bound(role, false), stranger = scoped;
    const struct access_place here = {&mine, 1, &production, 1},
                              other_group = {&foreign, 1, &production, 1},
                              other_tag = {&mine, 1, &test, 1};
    struct access_state nothing = {0};
    /* In another tenant nobody has bound them to anything: that is all there is to compile. */
    assert_ok(access_rights_compile(&nothing, (struct access_subject_ids){.user_id = {{2}}}, 1,
                                    &stranger.rights));
    snprintf(line, size, " %c%c%c%c%c", may(&everywhere, permission, &other_group),
             may(&scoped, permission, &here), may(&scoped, permission, &other_group),
             may(&scoped, permission, &other_tag), may(&stranger, permission, &here));
    access_principal_clear(&everywhere);
    access_principal_clear(&scoped);
    access_principal_clear(&stranger);
}

static char *make_table(void)
{
    static const char *const reaches[] = {"tenant", "object", "any"};
    char *table = calloc(1, TABLE_MAX);
    size_t len = 0;
    assert_non_null(table);
    len +=
        (size_t)snprintf(table, TABLE_MAX, "%-24s %-22s %-7s", "operation", "permission", "reach");
    for (size_t role = 0; role < ACCESS_BUILTIN_COUNT; role++)
        len += (size_t)snprintf(table + len, TABLE_MAX - len, " %.5s", access_builtin_name(role));
    for (size_t i = 0; i < API_OP_COUNT; i++) {
        const struct api_operation *operation = &api_operations[i];
        if (operation->anonymous) {
            len += (size_t)snprintf(table + len, TABLE_MAX - len, "\n%-24s anonymous",
                                    operation->name);
            continue;
        }
        len += (size_t)snprintf(table + len, TABLE_MAX - len, "\n%-24s %-22s %-7s", operation->name,
                                permission_name(operation->permission),
                                reaches[access_permission_reach(operation->permission)]);
        for (size_t role = 0; role < ACCESS_BUILTIN_COUNT; role++) {
            char marks[16];
            add_marks(marks, sizeof(marks), role, operation->permission);
            len += (size_t)snprintf(table + len, TABLE_MAX - len, "%s", marks);
        }
    }
    len += (size_t)snprintf(table + len, TABLE_MAX - len, "\n");
    assert_true(len < TABLE_MAX - 1);
    return table;
}

static void the_table_is_the_reviewed_one(void **state)
{
    (void)state;
    static char golden[TABLE_MAX];
    char *table = make_table();
    bool write = getenv("CX_GOLDEN_WRITE") != NULL;
    FILE *file = fopen(CX_SOURCE_ROOT "/tests/golden/access.txt", write ? "wb" : "rb");
    assert_non_null(file);
    if (write)
        fputs(table, file);
    else
        assert_true(fread(golden, 1, sizeof(golden) - 1, file) > 0);
    fclose(file);
    if (!write)
        assert_string_equal(table, golden);
    free(table);
}

/* A permission that nobody has, not even the administrator or the security officer, is one that was forgotten. */
static void every_permission_has_a_holder(void **state)
{
    (void)state;
    for (int i = 0; i < PERMISSION_COUNT; i++) {
        bool held = false;
        for (size_t role = 0; role < ACCESS_BUILTIN_COUNT; role++) {
            struct permission_set permissions;
            access_builtin_permissions(role, &permissions);
            held = held || permission_set_has(&permissions, (enum permission)i);
        }
        if (!held)
            fail_msg("nobody holds %s: give it a row in src/core/access/roles.c",
                     permission_name((enum permission)i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_permission_has_a_holder),
        cmocka_unit_test(the_table_is_the_reviewed_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
