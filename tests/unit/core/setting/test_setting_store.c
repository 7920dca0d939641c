/* What a tenant chose is read as it was written, version by version, bounded, and apart from other tenants. */
#include "tests/lib/test.h"

#include "core/audit/audit.h"
#include "core/setting/setting_store.h"
#include "tests/lib/core_local.h"

static struct test_databases databases;

struct world {
    struct core_local local;
    struct cx_id tenant_id;
    struct setting_change change;
    struct setting_row rows[SETTING_COUNT];
    const char *sql;
};

static cx_err write_change(struct store_tx *tx, void *arg)
{
    const struct world *world = arg;
    return setting_write(tx, &world->change);
}

static cx_err read_rows(struct store_tx *tx, void *arg)
{
    struct world *world = arg;
    return setting_rows_read(tx, world->tenant_id, world->rows);
}

static cx_err run_sql(struct store_tx *tx, void *arg)
{
    const struct world *world = arg;
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, world->sql, &q));
    return store_exec(q);
}

static void choose(struct world *world, int64_t value, cx_time effective_us, cx_time now_us)
{
    struct audit_event event = {.action = "setting.set", .tenant_id = world->local.tenant_id};
    world->change = (struct setting_change){.tenant_id = world->local.tenant_id,
                                            .by = {{7}},
                                            .name = SETTING_DELEGATION_LIFE,
                                            .value = value,
                                            .effective_us = effective_us,
                                            .now_us = now_us};
    assert_ok(audit_commit(&world->local.core, &event, write_change, world));
}

static const struct setting_row *look(struct world *world, struct cx_id tenant_id)
{
    world->tenant_id = tenant_id;
    assert_ok(store_read(world->local.core.store, read_rows, world));
    return &world->rows[SETTING_DELEGATION_LIFE];
}

static void assert_row(const struct setting_row *row, int64_t version, int64_t before,
                       int64_t value, cx_time effective_us)
{
    assert_int_equal(row->version, version);
    assert_int_equal(row->value.before, before);
    assert_int_equal(row->value.value, value);
    assert_int_equal(row->value.effective_us, effective_us);
}

static void check(enum store_engine engine)
{
    static struct world world;
    if (!test_engine_available(&databases, engine))
        return;
    core_local_start(&world.local, &databases, engine);
    struct cx_id mine = world.local.tenant_id;
    assert_row(look(&world, mine), 0, 90, 90, 0);
    choose(&world, 60, 1000, 1000);
    assert_row(look(&world, mine), 1, 90, 60, 1000);
    choose(&world, 30, 5000, 2000); /* waits: 60 is in force */
    assert_row(look(&world, mine), 2, 60, 30, 5000);
    choose(&world, 20, 4000, 3000); /* replaces what waited */
    assert_row(look(&world, mine), 3, 60, 20, 4000);
    choose(&world, 10, 6000, 5000); /* 20 is in force by now */
    assert_row(look(&world, mine), 4, 20, 10, 6000);
    assert_int_equal(world.rows[SETTING_DELEGATION_LIFE].changed_us, 5000);
    assert_int_equal(world.rows[SETTING_DELEGATION_LIFE].changed_by_id.b[0], 7);
    assert_int_equal(world.rows[SETTING_TOKEN_LIFE].version, 0);
    assert_row(look(&world, core_local_tenant(&world.local, "other")), 0, 90, 90, 0);

    /* Whoever wrote it: beyond a bound it counts as the bound. */
    world.sql = "UPDATE setting SET value = 100000, value_before = 100000";
    assert_ok(store_write(world.local.core.store, run_sql, &world));
    assert_row(look(&world, mine), 4, 90, 90, 6000);
    world.sql = "UPDATE setting SET name = 'of-another-program'";
    assert_ok(store_write(world.local.core.store, run_sql, &world));
    assert_row(look(&world, mine), 0, 90, 90, 0);
    core_local_stop(&world.local);
}

static void values_are_read_as_they_were_chosen(void **state)
{
    (void)state;
    check(STORE_SQLITE);
    check(STORE_POSTGRES);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(values_are_read_as_they_were_chosen)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
