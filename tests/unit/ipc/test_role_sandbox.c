/*
 * Each role's real sandbox, entered in a child process that then tries the forbidden thing. Started as root
 * the child also changes its user. A layer that the kernel lacks is told (tests/lib/forbidden.h).
 */
#include "tests/lib/forbidden.h"

#include "ipc/role.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

static char sqlite_url[OS_PATH_MAX];

static bool outbound_binds;

static struct role_start make_start(enum role_kind kind, const char *database_url)
{
    return (struct role_start){.kind = kind,
                               .outbound_binds = outbound_binds,
                               .data_dir = cx_str_from(forbidden_dir),
                               .control_fd = -1,
                               .keys_fd = -1,
                               .outbound_fd = -1,
                               .uid = geteuid() == 0 ? FORBIDDEN_TEST_UID : 0,
                               .database_url = cx_str_from(database_url)};
}

static cx_err enter(const void *arg, struct sandbox_report *ret_report, struct cx_diag *diag)
{
    return role_enter(arg, ret_report, diag);
}

static int attempt_in(enum role_kind kind, const char *database_url, enum forbidden_layer layer,
                      forbidden_attempt try_it)
{
    const struct role_start start = make_start(kind, database_url);
    return forbidden_try(enter, &start, layer, try_it);
}

static void expect_refused(enum role_kind kind, enum forbidden_layer layer,
                           forbidden_attempt try_it)
{
    forbidden_expect(FORBIDDEN_REFUSED, attempt_in(kind, sqlite_url, layer, try_it));
}

static void expect_allowed(enum role_kind kind, forbidden_attempt try_it)
{
    forbidden_expect(FORBIDDEN_ALLOWED, attempt_in(kind, sqlite_url, LAYER_BASE, try_it));
}

static void expect_killed(enum role_kind kind, forbidden_attempt try_it)
{
    forbidden_expect(128 + SIGSYS, attempt_in(kind, sqlite_url, LAYER_BASE, try_it));
}

static const enum role_kind our_roles[] = {ROLE_KEYS, ROLE_OUTBOUND, ROLE_CORE};

static void test_any_role_stays_in_its_process(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        expect_refused(our_roles[i], LAYER_BASE, executes);
        expect_refused(our_roles[i], LAYER_BASE, spawns);
        expect_refused(our_roles[i], LAYER_BASE, forks);
        expect_refused(our_roles[i], LAYER_BASE, maps_code);
        expect_refused(our_roles[i], LAYER_BASE, turns_data_into_code);
        expect_refused(our_roles[i], LAYER_BASE, makes_user_namespace);
        expect_refused(our_roles[i], LAYER_SCOPE, signals_parent);
        expect_refused(our_roles[i], LAYER_BASE, has_capabilities);
        expect_refused(our_roles[i], LAYER_BASE, raises_its_limits);
        expect_refused(our_roles[i], LAYER_BASE, makes_packet_socket);
        expect_refused(our_roles[i], LAYER_BASE, makes_vsock);
        expect_allowed(our_roles[i], starts_threads);
    }
    if (geteuid() == 0)
        for (size_t i = 0; i < 3; i++)
            expect_refused(our_roles[i], LAYER_BASE, becomes_root);
}

static void test_an_attackers_calls_are_deadly(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        expect_killed(our_roles[i], traces);
        expect_killed(our_roles[i], reads_other_memory);
    }
}

static void test_files_outside_a_role_are_closed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        expect_refused(our_roles[i], LAYER_FILES, opens_tls_key);
        expect_refused(our_roles[i], LAYER_FILES, reads_configuration);
        expect_refused(our_roles[i], LAYER_FILES, writes_configuration);
        expect_refused(our_roles[i], LAYER_FILES, plants_a_file);
        expect_refused(our_roles[i], LAYER_FILES, reads_passwd);
    }
}

static void test_keys_has_its_folder_and_no_socket_and_no_database(void **state)
{
    (void)state;
    expect_refused(ROLE_KEYS, LAYER_FILES, opens_database);
    expect_refused(ROLE_KEYS, LAYER_BASE, makes_inet_socket);
    expect_refused(ROLE_KEYS, LAYER_BASE, makes_unix_socket);
    expect_allowed(ROLE_KEYS, opens_key);
    expect_allowed(ROLE_KEYS, writes_own_key_folder);
}

static void test_core_has_its_database_and_no_key_and_no_network(void **state)
{
    (void)state;
    expect_refused(ROLE_CORE, LAYER_FILES, opens_key);
    expect_refused(ROLE_CORE, LAYER_BASE, makes_inet_socket);
    expect_allowed(ROLE_CORE, makes_unix_socket);
    expect_allowed(ROLE_CORE, writes_own_database);
}

static void test_core_reaches_the_postgres_port_only(void **state)
{
    (void)state;
    static const char own_port[] = "postgresql://u:p@127.0.0.1:9/db";
    static const char other_port[] = "postgresql://u:p@127.0.0.1:5999/db";
    static const char local[] = "postgresql:///db?host=/run/postgresql";
    forbidden_expect(FORBIDDEN_REFUSED,
                     attempt_in(ROLE_CORE, other_port, LAYER_TCP, connects_to_discard));
    forbidden_expect(FORBIDDEN_ALLOWED,
                     attempt_in(ROLE_CORE, own_port, LAYER_BASE, connects_to_discard));
    forbidden_expect(FORBIDDEN_REFUSED, attempt_in(ROLE_CORE, own_port, LAYER_TCP, listens));
    forbidden_expect(FORBIDDEN_REFUSED,
                     attempt_in(ROLE_CORE, local, LAYER_BASE, makes_inet_socket));
}

static void test_outbound_connects_but_has_no_file_and_no_listener(void **state)
{
    (void)state;
    expect_refused(ROLE_OUTBOUND, LAYER_FILES, opens_key);
    expect_refused(ROLE_OUTBOUND, LAYER_FILES, opens_database);
    expect_refused(ROLE_OUTBOUND, LAYER_BASE, makes_unix_socket);
    expect_refused(ROLE_OUTBOUND, LAYER_TCP, listens);
    expect_refused(ROLE_OUTBOUND, LAYER_BASE, listens_anywhere);
    expect_refused(ROLE_OUTBOUND, LAYER_TCP, binds_an_address);
    expect_allowed(ROLE_OUTBOUND, connects_to_discard);
}

static void test_outbound_with_an_address_of_its_own_binds_and_does_not_listen(void **state)
{
    (void)state;
    outbound_binds = true;
    expect_allowed(ROLE_OUTBOUND, binds_an_address);
    expect_refused(ROLE_OUTBOUND, LAYER_TCP, listens);
    expect_refused(ROLE_OUTBOUND, LAYER_BASE, listens_anywhere);
    outbound_binds = false;
}

static void *wait_in_thread(void *arg)
{
    pause();
    return arg;
}

static void test_a_second_thread_forbids_entering(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        const struct role_start start = make_start(ROLE_KEYS, sqlite_url);
        struct sandbox_report report;
        struct cx_diag diag = CX_DIAG_INIT;
        if (pthread_create(&thread, NULL, wait_in_thread, NULL) != 0)
            _exit(FORBIDDEN_BROKEN);
        _exit(role_enter(&start, &report, &diag).code == CX_E_USAGE ? FORBIDDEN_REFUSED
                                                                    : FORBIDDEN_ALLOWED);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), FORBIDDEN_REFUSED);
}

static void test_a_missing_folder_forbids_entering(void **state)
{
    (void)state;
    struct role_start start = make_start(ROLE_KEYS, sqlite_url);
    start.data_dir = CX_STR("/nonexistent");
    pid_t pid = fork();
    if (pid == 0) {
        struct sandbox_report report = {.missing = ""};
        struct cx_diag diag = CX_DIAG_INIT;
        bool failed = cx_failed(role_enter(&start, &report, &diag));
        _exit(failed || strstr(report.missing, "landlock") != NULL ? FORBIDDEN_REFUSED
                                                                   : FORBIDDEN_ALLOWED);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), FORBIDDEN_REFUSED);
}

static void test_database_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        uint16_t port; /* 0: no network */
        bool fine;
    } cases[] = {
        {"postgresql://h/db", 5432, true},
        {"postgresql://u:p@h:6000/db?sslmode=require", 6000, true},
        {"postgresql://u:p%40@[::1]:6001/db", 6001, true},
        {"postgresql:///db?host=/run/postgresql", 0, true},
        {"postgresql://%2Frun%2Fpostgresql/db", 0, true},
        {"postgresql:///db?host=h&port=6002", 6002, true},
        {"postgres://h:6003", 6003, true},
        {"postgresql://h:70000/db", 0, false},
        {"postgresql://h:x/db", 0, false},
        {"nonsense", 0, false},
        {"sqlite:relative.db", 0, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct role_start start = make_start(ROLE_CORE, cases[i].url);
        struct sandbox_spec spec = {0};
        struct cx_diag diag = CX_DIAG_INIT;
        assert_int_equal(cx_is_ok(role_sandbox_spec(&start, &spec, &diag)), cases[i].fine);
        if (!cases[i].fine)
            continue;
        assert_int_equal(spec.port_count, cases[i].port != 0);
        assert_int_equal((spec.sockets & SANDBOX_SOCKETS_INET) != 0, cases[i].port != 0);
        if (cases[i].port != 0) {
            assert_int_equal(spec.ports[0].port, cases[i].port);
            assert_false(spec.ports[0].bind);
        }
    }
}

static int set_up(void **state)
{
    if (forbidden_set_up(state) != 0)
        return -1;
    assert_ok(os_path(sqlite_url, "sqlite:%s/db/certinext.db", forbidden_dir));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_role_stays_in_its_process),
        cmocka_unit_test(test_an_attackers_calls_are_deadly),
        cmocka_unit_test(test_files_outside_a_role_are_closed),
        cmocka_unit_test(test_keys_has_its_folder_and_no_socket_and_no_database),
        cmocka_unit_test(test_core_has_its_database_and_no_key_and_no_network),
        cmocka_unit_test(test_core_reaches_the_postgres_port_only),
        cmocka_unit_test(test_outbound_connects_but_has_no_file_and_no_listener),
        cmocka_unit_test(test_outbound_with_an_address_of_its_own_binds_and_does_not_listen),
        cmocka_unit_test(test_a_second_thread_forbids_entering),
        cmocka_unit_test(test_a_missing_folder_forbids_entering),
        cmocka_unit_test(test_database_urls),
    };
    return cmocka_run_group_tests_name("ipc/role_sandbox", tests, set_up, forbidden_tear_down);
}
