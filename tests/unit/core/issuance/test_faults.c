/* Whichever SQL statement or commit of the cycle fails, the caller gets an error or an answer that holds, and after one pass
 * of recovery journal, rows and audit entries agree. Builds with -Dfaults=true. */
#include "tests/lib/test.h"

#include "faulty.h"

#include "store/fault.h"

enum { FAULTS_MAX = 1000 };

static void check_error(cx_err err, const char *what, int64_t at)
{
    if (cx_failed(err) && err.code != CX_E_STORE)
        fail_msg("%s %lld: %s", what, (long long)at, cx_err_name(err));
}

static void fail_each(struct world *world, bool statements)
{
    const char *what = statements ? "statement" : "commit";
    struct faulty faulty;
    int64_t at = 0;
    bool reached = true;
    faulty_make(world, &faulty);
    while (reached) {
        at++;
        assert_true(at < FAULTS_MAX);
        store_fault_set(statements ? at : 0, statements ? 0 : at);
        cx_err err = faulty_cycle(&faulty);
        reached = (statements ? store_fault_statements() : store_fault_commits()) >= at;
        store_fault_set(0, 0);
        check_error(err, what, at);
        assert_true(reached || cx_is_ok(err));
        faulty_check(&faulty, what, at);
    }
    print_message("%lld of these failed in turn: %s\n", (long long)at - 1, what);
    assert_true(at > 4);
    faulty_clear(&faulty);
}

static void fail_statements(struct world *world)
{
    fail_each(world, true);
}

static void fail_commits(struct world *world)
{
    fail_each(world, false);
}

static void every_statement_may_fail(void **state)
{
    (void)state;
    world_on_both(fail_statements);
}

static void every_commit_may_fail(void **state)
{
    (void)state;
    world_on_both(fail_commits);
}

static int stop(void **state)
{
    store_fault_set(0, 0);
    return world_group_stop(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_statement_may_fail),
        cmocka_unit_test(every_commit_may_fail),
    };
    return cmocka_run_group_tests(tests, world_group_start, stop);
}
