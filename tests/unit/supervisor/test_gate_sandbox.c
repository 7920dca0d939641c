/*
 * The gate's real sandbox, in which nginx runs: what nginx broken into could try. Reading its own TLS key, forking workers
 * and starting nginx itself are its business; everything else is refused.
 */
#include "tests/lib/forbidden.h"

#include "base/cleanup.h"
#include "supervisor/gate.h"

#include <signal.h>

static struct arena arena = ARENA_INIT(1 << 18);
static struct config config;

static cx_err enter(const void *arg, struct sandbox_report *ret_report, struct cx_diag *diag)
{
    struct sandbox_spec spec = {0};
    (void)arg;
    const struct role_start start = {.kind = ROLE_GATE,
                                     .data_dir = cx_str_from(forbidden_dir),
                                     .uid = geteuid() == 0 ? FORBIDDEN_TEST_UID : 0};
    CX_TRY(gate_sandbox_spec(&start, &config, &spec));
    return sandbox_enter(&spec, ret_report, diag);
}

static void expect(int expected, enum forbidden_layer layer, forbidden_attempt try_it)
{
    forbidden_expect(expected, forbidden_try(enter, NULL, layer, try_it));
}

static void test_no_file_but_its_own(void **state)
{
    (void)state;
    expect(FORBIDDEN_REFUSED, LAYER_FILES, opens_database);
    expect(FORBIDDEN_REFUSED, LAYER_FILES, opens_key);
    expect(FORBIDDEN_REFUSED, LAYER_FILES, reads_configuration);
    expect(FORBIDDEN_REFUSED, LAYER_FILES, writes_configuration);
    expect(FORBIDDEN_REFUSED, LAYER_FILES, plants_a_file);
    expect(FORBIDDEN_ALLOWED, LAYER_BASE, opens_tls_key);
}

static void test_no_way_out(void **state)
{
    (void)state;
    expect(FORBIDDEN_REFUSED, LAYER_TCP, connects_to_discard);
    expect(FORBIDDEN_REFUSED, LAYER_TCP, listens); /* on another port than its own */
    expect(FORBIDDEN_REFUSED, LAYER_BASE, makes_packet_socket);
    expect(FORBIDDEN_REFUSED, LAYER_BASE, makes_vsock);
}

static void test_it_stays_in_its_process(void **state)
{
    (void)state;
    expect(FORBIDDEN_REFUSED, LAYER_FILES, executes); /* anything but nginx */
    expect(FORBIDDEN_REFUSED, LAYER_FILES, spawns);
    expect(FORBIDDEN_ALLOWED, LAYER_BASE, forks);
    expect(FORBIDDEN_REFUSED, LAYER_BASE, makes_user_namespace);
    expect(FORBIDDEN_REFUSED, LAYER_SCOPE, signals_parent);
    expect(FORBIDDEN_REFUSED, LAYER_BASE, has_capabilities);
    expect(128 + SIGSYS, LAYER_BASE, traces);
    expect(128 + SIGSYS, LAYER_BASE, reads_other_memory);
    if (geteuid() == 0)
        expect(FORBIDDEN_REFUSED, LAYER_BASE, becomes_root);
}

static int set_up(void **state)
{
    static const char yaml[] = "uid_base: 0\nhttps_listen: 127.0.0.1:18443\n";
    struct cx_diag diag = CX_DIAG_INIT;
    if (forbidden_set_up(state) != 0)
        return -1;
    assert_ok(config_parse(CX_BYTES(yaml, sizeof(yaml) - 1), cx_str_from(forbidden_dir), &arena,
                           &diag, &config));
    return 0;
}

static int tear_down(void **state)
{
    arena_clear(&arena);
    return forbidden_tear_down(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_file_but_its_own),
        cmocka_unit_test(test_no_way_out),
        cmocka_unit_test(test_it_stays_in_its_process),
    };
    return cmocka_run_group_tests_name("supervisor/gate_sandbox", tests, set_up, tear_down);
}
