/* The cycle with each of its allocations refused in turn: first those of the thread that serves the caller, then those of all
 * threads, keys' and the store's among them. No crash, no leak (address sanitizer), an error or an answer that holds,
 * and journal = rows = audit after one pass of recovery.
 *
 * A cycle makes some 250 allocations. One of CX_STARVE_STRIDE is refused: 1 takes all, in minutes; the default is for make
 * check. */
#include "tests/lib/starve.h"
#include "tests/lib/test.h"

#include "faulty.h"

#include "base/number.h"

enum { ALLOCATIONS_MAX = 100000, STRIDE_THREAD = 4, STRIDE_PROCESS = 9 };

static int64_t stride(int64_t by_default)
{
    int64_t value = by_default;
    const char *text = getenv("CX_STARVE_STRIDE");
    if (text)
        assert_ok(cx_parse_i64(cx_str_from(text), 1, ALLOCATIONS_MAX, &value));
    return value;
}

/* A channel whose reader had no memory for a frame is closed: then keys ends, and the supervisor starts another. */
static void restart_keys(struct world *world)
{
    struct keys_status status;
    if (cx_is_ok(keys_get_status(world->core.keys, &status)))
        return;
    stand_close(&world->stand);
    stand_open(&world->stand, false, false);
    world->core.keys = world->stand.client;
}

static void check_error(const struct world *world, cx_err err, int64_t at)
{
    /* CX_E_INTERNAL: a key that could not be handed out; its certificate is stored revoked, as key-lost. */
    bool expected = err.code == CX_E_NOMEM || err.code == CX_E_BUSY || err.code == CX_E_IO ||
                    err.code == CX_E_STORE || err.code == CX_E_INTERNAL;
    if (cx_failed(err) && !expected)
        fail_msg("allocation %lld: %s: %s %s", (long long)at, cx_err_name(err), world->diag.rule,
                 world->diag.text);
}

static void starve_each(struct world *world, enum starve_scope scope, int64_t step)
{
    struct faulty faulty;
    int64_t at = 1, runs = 0;
    bool refused = true;
    faulty_make(world, &faulty);
    assert_ok(faulty_cycle(&faulty)); /* what is made once and kept is there now */
    for (; refused; at += step, runs++) {
        assert_true(at < ALLOCATIONS_MAX);
        arena_clear(&world->arena);
        starve_begin(scope, at);
        cx_err err = faulty_cycle(&faulty);
        refused = starve_end();
        check_error(world, err, at);
        assert_true(refused || cx_is_ok(err));
        restart_keys(world);
        faulty_check(&faulty, "allocation", at);
    }
    print_message("%lld runs, about %lld allocations\n", (long long)runs, (long long)(at - step));
    assert_true(at > 100);
    faulty_clear(&faulty);
}

static void starve_thread(struct world *world)
{
    starve_each(world, STARVE_THREAD, stride(STRIDE_THREAD));
}

static void starve_process(struct world *world)
{
    starve_each(world, STARVE_PROCESS, stride(STRIDE_PROCESS));
}

static void the_callers_thread_runs_out_of_memory(void **state)
{
    (void)state;
    world_on_both(starve_thread);
}

static void any_thread_runs_out_of_memory(void **state)
{
    (void)state;
    world_on_both(starve_process);
}

int main(void)
{
    starve_spare_jansson(); /* an intent's body is read as JSON */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_callers_thread_runs_out_of_memory),
        cmocka_unit_test(any_thread_runs_out_of_memory),
    };
    return cmocka_run_group_tests(tests, world_group_start, world_group_stop);
}
