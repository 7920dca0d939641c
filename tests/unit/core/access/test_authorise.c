/* The role × permission table, golden: a change of who may do what shows up in review. */
#include "tests/lib/test.h"

#include "core/access/access.h"

/* One column a role: Administrator, Requester, aPprover, Operator, aUditor. */
static const struct {
    enum permission permission;
    const char *holders;
} GOLDEN[] = {
    {PERMISSION_SYSTEM_STATUS_READ, "A--OU"},  {PERMISSION_SYSTEM_CLOCK_READ, "A--OU"},
    {PERMISSION_SYSTEM_CLOCK_SET, "A----"},    {PERMISSION_ME_READ, "ARPOU"},
    {PERMISSION_USER_READ, "A---U"},           {PERMISSION_USER_CREATE, "A----"},
    {PERMISSION_USER_ROLE_SET, "A----"},       {PERMISSION_USER_DISABLE, "A----"},
    {PERMISSION_USER_ENABLE, "A----"},         {PERMISSION_USER_LINK_CREATE, "A----"},
    {PERMISSION_TOKEN_READ, "ARPOU"},          {PERMISSION_TOKEN_CREATE, "ARPO-"},
    {PERMISSION_TOKEN_REVOKE, "ARPO-"},        {PERMISSION_ISSUER_READ, "ARPOU"},
    {PERMISSION_PROFILE_READ, "ARPOU"},        {PERMISSION_REQUEST_READ, "ARPOU"},
    {PERMISSION_REQUEST_CREATE, "AR---"},      {PERMISSION_REQUEST_APPROVE, "A-P--"},
    {PERMISSION_REQUEST_REJECT, "A-P--"},      {PERMISSION_REQUEST_CANCEL, "AR-O-"},
    {PERMISSION_REQUEST_COLLECT, "AR---"},     {PERMISSION_CERTIFICATE_READ, "ARPOU"},
    {PERMISSION_CERTIFICATE_EXPORT, "A--OU"},  {PERMISSION_CERTIFICATE_RENEW, "AR-O-"},
    {PERMISSION_CERTIFICATE_REPLACE, "AR-O-"}, {PERMISSION_CERTIFICATE_REVOKE, "AR-O-"},
    {PERMISSION_AUDIT_READ, "A---U"},          {PERMISSION_AUDIT_EXPORT, "A---U"},
    {PERMISSION_SESSION_READ, "ARPOU"},        {PERMISSION_SESSION_REVOKE, "ARPOU"},
    {PERMISSION_SESSION_STEP_UP, "ARPOU"},     {PERMISSION_FACTOR_READ, "ARPOU"},
    {PERMISSION_FACTOR_SET, "ARPOU"},          {PERMISSION_USER_FACTOR_RESET, "A----"},
};

static struct principal person(uint8_t id, uint32_t roles)
{
    return (struct principal){.tenant_id = {{1}},
                              .user_id = {{id}},
                              .token_id = {{9}},
                              .roles = roles,
                              .authenticated = true};
}

static void every_permission_is_in_the_table(void **state)
{
    (void)state;
    assert_int_equal(sizeof(GOLDEN) / sizeof(GOLDEN[0]), PERMISSION_COUNT);
    for (int i = 0; i < PERMISSION_COUNT; i++) {
        bool seen = false;
        for (size_t row = 0; row < PERMISSION_COUNT; row++)
            seen = seen || GOLDEN[row].permission == (enum permission)i;
        assert_true(seen);
    }
}

static void roles_have_their_permissions_and_no_other(void **state)
{
    (void)state;
    for (size_t row = 0; row < PERMISSION_COUNT; row++) {
        for (int role = 0; role < ACCESS_ROLE_COUNT; role++) {
            struct principal one = person(2, 1u << role);
            struct cx_diag diag = CX_DIAG_INIT;
            bool expected = GOLDEN[row].holders[role] != '-';
            cx_err err = authorise(&one, GOLDEN[row].permission, NULL, &diag);
            assert_string_equal(cx_err_name(err), expected ? "ok" : "denied");
            assert_string_equal(diag.rule, expected ? "" : "permission-missing");
            assert_int_equal(access_role_has((enum access_role)role, GOLDEN[row].permission),
                             expected);
        }
    }
}

static void nobody_and_unknown_permissions_are_refused(void **state)
{
    (void)state;
    struct principal nobody = person(2, (1u << ACCESS_ROLE_COUNT) - 1);
    nobody.authenticated = false;
    assert_err(authorise(NULL, PERMISSION_ME_READ, NULL, NULL), AUTH);
    assert_err(authorise(&nobody, PERMISSION_ME_READ, NULL, NULL), AUTH);
    struct principal all = person(2, (1u << ACCESS_ROLE_COUNT) - 1);
    assert_err(authorise(&all, PERMISSION_COUNT, NULL, NULL), DENIED);
    assert_err(authorise(&all, (enum permission)4711, NULL, NULL), DENIED);
    struct principal without = person(2, 0);
    assert_err(authorise(&without, PERMISSION_ME_READ, NULL, NULL), DENIED);
    struct principal no_tenant = all;
    no_tenant.tenant_id = (struct cx_id){{0}};
    assert_err(authorise(&no_tenant, PERMISSION_ME_READ, NULL, NULL), AUTH);
}

static void nobody_decides_on_their_own_request(void **state)
{
    (void)state;
    static const enum permission decisions[] = {PERMISSION_REQUEST_APPROVE,
                                                PERMISSION_REQUEST_REJECT};
    struct access_object mine = {{{2}}, ACCESS_TIE_NONE}, theirs = {{{3}}, ACCESS_TIE_NONE};
    for (size_t i = 0; i < 2; i++) {
        /* with every role, the administrator's included */
        struct principal me = person(2, (1u << ACCESS_ROLE_COUNT) - 1);
        struct cx_diag diag = CX_DIAG_INIT;
        assert_err(authorise(&me, decisions[i], &mine, &diag), DENIED);
        assert_string_equal(diag.rule, "requester-is-approver");
        assert_ok(authorise(&me, decisions[i], &theirs, NULL));
        /* another token of the same person is the same person */
        me.token_id = (struct cx_id){{77}};
        assert_err(authorise(&me, decisions[i], &mine, NULL), DENIED);
        /* the right person without the right is refused for the right's sake */
        struct principal requester = person(4, 1u << ROLE_REQUESTER);
        assert_err(authorise(&requester, decisions[i], &mine, NULL), DENIED);
    }
}

static void only_the_requester_takes_back_or_collects(void **state)
{
    (void)state;
    struct principal me = person(2, (1u << ACCESS_ROLE_COUNT) - 1);
    struct access_object mine = {{{2}}, ACCESS_TIE_NONE}, theirs = {{{3}}, ACCESS_TIE_NONE},
                         systems = {{{0}}, ACCESS_TIE_NONE};
    struct cx_diag diag = CX_DIAG_INIT;
    assert_ok(authorise(&me, PERMISSION_REQUEST_CANCEL, &mine, NULL));
    assert_ok(authorise(&me, PERMISSION_REQUEST_COLLECT, &mine, NULL));
    assert_err(authorise(&me, PERMISSION_REQUEST_COLLECT, &theirs, &diag), DENIED);
    assert_string_equal(diag.rule, "requester-only");
    assert_err(authorise(&me, PERMISSION_REQUEST_CANCEL, &systems, NULL), DENIED);
}

static void names_read_back(void **state)
{
    (void)state;
    for (int i = 0; i < ACCESS_ROLE_COUNT; i++) {
        enum access_role role = ACCESS_ROLE_COUNT;
        assert_ok(access_role_from_name(cx_str_from(access_role_name((enum access_role)i)), &role));
        assert_int_equal(role, i);
    }
    enum access_role role = ROLE_AUDITOR;
    assert_err(access_role_from_name(CX_STR("Administrator"), &role), PARSE);
    assert_err(access_role_from_name(CX_STR(""), &role), PARSE);
    assert_int_equal(role, ROLE_AUDITOR);
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
    struct principal me = person(2, 1u << ROLE_ADMINISTRATOR);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct access_object object = {{{3}}, cases[i].tie};
        struct cx_diag diag = CX_DIAG_INIT;
        assert_err(authorise(&me, PERMISSION_REQUEST_APPROVE, &object, &diag), DENIED);
        assert_string_equal(diag.rule, cases[i].rule);
        assert_ok(
            authorise(&me, PERMISSION_REQUEST_REJECT, &object, NULL)); /* refusing lends nothing */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tied_persons_do_not_approve),
        cmocka_unit_test(every_permission_is_in_the_table),
        cmocka_unit_test(roles_have_their_permissions_and_no_other),
        cmocka_unit_test(nobody_and_unknown_permissions_are_refused),
        cmocka_unit_test(nobody_decides_on_their_own_request),
        cmocka_unit_test(only_the_requester_takes_back_or_collects),
        cmocka_unit_test(names_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
