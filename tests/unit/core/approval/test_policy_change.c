/* Which rules hold for a change of policy, and what makes a proposal rest on nothing. */
#include "tests/lib/test.h"

#include "core/approval/policy_change.h"
#include "core/audit/audit.h"
#include "core/change/change.h"
#include "store/rows.h"
#include "tests/lib/core_local.h"

static struct test_databases databases;

struct world {
    struct core_local local;
    struct arena arena;
    const char *subject;
    uint8_t rule;
    int64_t approvers;
    const char *object, *name;
    int64_t total;
};

static cx_err make_rule(struct store_tx *tx, void *arg)
{
    const struct world *world = arg;
    struct approval_stages stages = {
        .list = {{.text = CX_STR("any"), .who = APPROVAL_ANY, .approvers = world->approvers}},
        .count = 1};
    struct row_approval_rule row = {.tenant_id = world->local.tenant_id,
                                    .rule_id = {{world->rule}},
                                    .action = CX_STR("policy_change"),
                                    .subject = cx_str_from(world->subject),
                                    .tags = CX_STR(""),
                                    .lifetime_s = 3600,
                                    .created_us = world->rule,
                                    .created_by_id = {{1}},
                                    .has_in_force_us = true,
                                    .in_force_us = 1};
    row.reason.envelope = CX_BYTES("x", 1);
    CX_TRY(row_approval_rule_insert(tx, &row));
    CX_TRY(approval_stages_insert(tx, row.tenant_id, row.rule_id, &stages));
    return change_note_id(tx, row.tenant_id, CHANGE_APPROVAL_RULE, row.rule_id);
}

static void add_rule(struct world *world, const char *subject, int64_t approvers)
{
    struct audit_event event = {.action = "approval.rule.create",
                                .tenant_id = world->local.tenant_id};
    world->subject = subject;
    world->approvers = approvers;
    world->rule++;
    assert_ok(audit_commit(&world->local.core, &event, make_rule, world));
}

static cx_err read_plan(struct store_tx *tx, void *arg)
{
    struct world *world = arg;
    struct approval_plan plan;
    CX_TRY(policy_change_plan(tx, world->local.tenant_id, cx_str_from(world->object),
                              cx_str_from(world->name), 5, &world->arena, &plan));
    world->total = approval_total(&plan.stages);
    return CX_OK;
}

static int64_t total(struct world *world, const char *object, const char *name)
{
    world->object = object;
    world->name = name;
    assert_ok(store_read(world->local.core.store, read_plan, world));
    return world->total;
}

static void check_selection(enum store_engine engine)
{
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    world->arena = ARENA_INIT(64 * 1024 * 1024);
    core_local_start(&world->local, &databases, engine);
    assert_int_equal(total(world, "role", "clerk"), 0);
    add_rule(world, "role", 1);
    assert_int_equal(total(world, "role", "clerk"), 1);
    assert_int_equal(total(world, "role", ""), 1);
    assert_int_equal(total(world, "role-conflict", ""), 0);
    assert_int_equal(total(world, "client-ca", ""), 0);
    add_rule(world, "role/clerk", 3);
    assert_int_equal(total(world, "role", "clerk"), 3);
    assert_int_equal(total(world, "role", "clerks"), 1);
    add_rule(world, "", 2);
    assert_int_equal(total(world, "role", "clerk"), 3);
    assert_int_equal(total(world, "role", "other"), 2);
    assert_int_equal(total(world, "client-ca", ""), 2);
    core_local_stop(&world->local);
    arena_clear(&world->arena);
    free(world);
}

static void the_strictest_rule_of_kind_and_name_holds(void **state)
{
    (void)state;
    check_selection(STORE_SQLITE);
    check_selection(STORE_POSTGRES);
}

static void a_proposal_is_stale_when_any_object_moved_on(void **state)
{
    (void)state;
    struct proposal_effect effects[] = {{.base_version = 0, .newest_version = 0},
                                        {.base_version = 4, .newest_version = 4}};
    assert_false(proposal_is_stale(effects, 0));
    assert_false(proposal_is_stale(effects, 2));
    effects[1].newest_version = 5;
    assert_true(proposal_is_stale(effects, 2));
    effects[1].newest_version = 4;
    effects[0].newest_version = 1; /* somebody made it meanwhile */
    assert_true(proposal_is_stale(effects, 2));
}

static void operations_that_wait_are_those_of_the_contract(void **state)
{
    (void)state;
    assert_non_null(policy_operation(CX_STR("role_set")));
    assert_null(policy_operation(CX_STR("role_list")));
    assert_null(policy_operation(CX_STR("oidc_provider_disable"))); /* a brake waits for nobody */
    assert_null(policy_operation(CX_STR("")));
}

static int setup(void **state)
{
    (void)state;
    return test_databases_start(&databases);
}

static int teardown(void **state)
{
    (void)state;
    test_databases_stop(&databases);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_strictest_rule_of_kind_and_name_holds),
        cmocka_unit_test(a_proposal_is_stale_when_any_object_moved_on),
        cmocka_unit_test(operations_that_wait_are_those_of_the_contract)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
