/* The one gate: rights at a place, and the duties that win over every right. Which role has which permission is the golden
 * table of test_golden.c. */
#include "people.h"

enum {
    ADMINISTRATOR = 1 << 0,
    REQUESTER = 1 << 6,
    AUDITOR = 1 << 9,
    ALL = (1 << ACCESS_BUILTIN_COUNT) - 1
};

static void nobody_and_unknown_permissions_are_refused(void **state)
{
    (void)state;
    struct principal all = people_with(2, ALL), without = people_with(2, 0), other = all;
    other.authenticated = false;
    assert_err(authorise(NULL, PERMISSION_ME_READ, NULL, NULL), AUTH);
    assert_err(authorise(&other, PERMISSION_ME_READ, NULL, NULL), AUTH);
    assert_err(authorise(&all, PERMISSION_COUNT, NULL, NULL), DENIED);
    assert_err(authorise(&all, (enum permission)4711, NULL, NULL), DENIED);
    assert_err(authorise(&without, PERMISSION_ME_READ, NULL, NULL), DENIED);
    other = all;
    other.tenant_id = (struct cx_id){{0}};
    assert_err(authorise(&other, PERMISSION_ME_READ, NULL, NULL), AUTH);
    other = all;
    other.rights = NULL;
    assert_err(authorise(&other, PERMISSION_ME_READ, NULL, NULL), DENIED);
    access_principal_clear(&all);
    access_principal_clear(&without);
}

/* Duties win over rights, the administrator's and everybody's together. */
static void nobody_decides_on_their_own_request(void **state)
{
    (void)state;
    static const enum permission decisions[] = {PERMISSION_REQUEST_APPROVE,
                                                PERMISSION_REQUEST_REJECT};
    struct access_object mine = {.requester_id = {{2}}}, theirs = {.requester_id = {{3}}};
    struct principal me = people_with(2, ALL), requester = people_with(4, REQUESTER);
    for (size_t i = 0; i < 2; i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        me.token_id = (struct cx_id){{9}};
        assert_err(authorise(&me, decisions[i], &mine, &diag), DENIED);
        assert_string_equal(diag.rule, "requester-is-approver");
        assert_ok(authorise(&me, decisions[i], &theirs, NULL));
        /* another token of the same person is the same person */
        me.token_id = (struct cx_id){{77}};
        assert_err(authorise(&me, decisions[i], &mine, NULL), DENIED);
        /* the right person without the right is refused for the right's sake */
        diag = CX_DIAG_INIT;
        assert_err(authorise(&requester, decisions[i], &mine, &diag), DENIED);
        assert_string_equal(diag.rule, "permission-missing");
    }
    access_principal_clear(&me);
    access_principal_clear(&requester);
}

static void only_the_requester_takes_back_or_collects(void **state)
{
    (void)state;
    struct principal me = people_with(2, ALL);
    struct access_object mine = {.requester_id = {{2}}}, theirs = {.requester_id = {{3}}},
                         systems = {0};
    struct cx_diag diag = CX_DIAG_INIT;
    assert_ok(authorise(&me, PERMISSION_REQUEST_CANCEL, &mine, NULL));
    assert_ok(authorise(&me, PERMISSION_REQUEST_COLLECT, &mine, NULL));
    assert_err(authorise(&me, PERMISSION_REQUEST_COLLECT, &theirs, &diag), DENIED);
    assert_string_equal(diag.rule, "requester-only");
    assert_err(authorise(&me, PERMISSION_REQUEST_CANCEL, &systems, NULL), DENIED);
    access_principal_clear(&me);
}

/* A token's bindings leave something of what its person may do and add nothing. */
static void a_narrowed_token_has_both_sides_only(void **state)
{
    (void)state;
    struct principal me = people_with(2, REQUESTER), token = people_with(2, REQUESTER | AUDITOR),
                     auditor = people_with(2, AUDITOR);
    me.narrowed = access_rights_hold(token.rights);
    assert_ok(authorise(&me, PERMISSION_CERTIFICATE_REVOKE, NULL, NULL));
    assert_err(authorise(&me, PERMISSION_AUDIT_EXPORT, NULL, NULL), DENIED); /* the token's alone */
    access_rights_release(me.narrowed);
    me.narrowed = access_rights_hold(auditor.rights);
    assert_err(authorise(&me, PERMISSION_CERTIFICATE_REVOKE, NULL, NULL),
               DENIED); /* the person's alone */
    access_principal_clear(&me);
    access_principal_clear(&token);
    access_principal_clear(&auditor);
}

static struct principal in_group(struct cx_id group_id, size_t role)
{
    struct access_binding binding = {.binding_id = {{1}},
                                     .subject = ACCESS_USER,
                                     .subject_id = {{2}},
                                     .role = cx_str_from(access_builtin_name(role)),
                                     .groups = &group_id,
                                     .group_count = 1,
                                     .expires_us = CX_TIME_NEVER};
    struct access_state rows = {.bindings = &binding, .binding_count = 1};
    struct principal made = {.tenant_id = {{1}}, .user_id = {{2}}, .authenticated = true};
    access_builtin_permissions(role, &binding.permissions);
    assert_ok(access_rights_compile(&rows, (struct access_subject_ids){.user_id = {{2}}}, 1,
                                    &made.rights));
    return made;
}

static void what_is_out_of_scope_does_not_exist(void **state)
{
    (void)state;
    struct cx_id mine = {{7}}, foreign = {{8}};
    struct principal me = in_group(mine, 9 /* auditor */), manager = in_group(mine, 1);
    struct access_object here = {.place = {.groups = &mine, .group_count = 1}},
                         there = {.place = {.groups = &foreign, .group_count = 1}}, nowhere = {0};
    struct cx_diag diag = CX_DIAG_INIT;
    assert_ok(authorise(&me, PERMISSION_CERTIFICATE_READ, &here, &diag));
    assert_err(authorise(&me, PERMISSION_CERTIFICATE_READ, &there, &diag), NOTFOUND);
    assert_err(authorise(&me, PERMISSION_CERTIFICATE_READ, &nowhere, &diag), NOTFOUND);
    assert_string_equal(diag.rule, ""); /* so that the answer is the one for an unknown object */
    assert_err(authorise(&me, PERMISSION_AUDIT_EXPORT, NULL, &diag), DENIED);
    assert_string_equal(diag.rule, "scope-all-needed");
    assert_ok(authorise(&manager, PERMISSION_CERTIFICATE_REVOKE, &here, NULL));
    assert_err(authorise(&manager, PERMISSION_CERTIFICATE_REVOKE, &there, NULL), NOTFOUND);
    access_principal_clear(&me);
    access_principal_clear(&manager);
}

static void privileged_roles_are_those_with_power(void **state)
{
    (void)state;
    static const char *const privileged[] = {"administrator", "manager", "incident-manager",
                                             "security-officer", "provisioner"};
    for (size_t i = 0; i < ACCESS_BUILTIN_COUNT; i++) {
        struct permission_set permissions;
        bool expected = false;
        access_builtin_permissions(i, &permissions);
        for (size_t j = 0; j < sizeof(privileged) / sizeof(privileged[0]); j++)
            expected = expected || strcmp(privileged[j], access_builtin_name(i)) == 0;
        assert_int_equal(access_is_privileged(&permissions), expected);
    }
}

static void tied_persons_do_not_approve(void **state)
{
    (void)state;
    static const struct {
        enum access_tie tie;
        const char *rule;
    } cases[] = {{ACCESS_TIE_BY_REQUESTER, "approver-enrolled-by-requester"},
                 {ACCESS_TIE_TO_REQUESTER, "requester-enrolled-by-approver"},
                 {ACCESS_TIE_APPROVERS, "approver-enrolled-by-approver"}};
    struct principal me = people_with(2, ADMINISTRATOR);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct access_object object = {.requester_id = {{3}}, .tie = cases[i].tie};
        struct cx_diag diag = CX_DIAG_INIT;
        assert_err(authorise(&me, PERMISSION_REQUEST_APPROVE, &object, &diag), DENIED);
        assert_string_equal(diag.rule, cases[i].rule);
        assert_ok(
            authorise(&me, PERMISSION_REQUEST_REJECT, &object, NULL)); /* refusing lends nothing */
    }
    access_principal_clear(&me);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tied_persons_do_not_approve),
        cmocka_unit_test(nobody_and_unknown_permissions_are_refused),
        cmocka_unit_test(nobody_decides_on_their_own_request),
        cmocka_unit_test(only_the_requester_takes_back_or_collects),
        cmocka_unit_test(a_narrowed_token_has_both_sides_only),
        cmocka_unit_test(what_is_out_of_scope_does_not_exist),
        cmocka_unit_test(privileged_roles_are_those_with_power),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
