/* The parts of a sandbox that no role's rights show (those: tests/unit/ipc/test_role_sandbox.c). */
#include "tests/lib/test.h"
#include "os/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEST_UID = 61902, FINE = 20 };

static struct sandbox_spec plain_spec(void)
{
    return (struct sandbox_spec){.role = "test",
                                 .syscalls = SANDBOX_SYSCALLS_DENY,
                                 .file_len_max = UINT64_MAX,
                                 .nofile_max = 64};
}

static int in_child(int (*run)(void))
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(run());
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int check_report(void)
{
    struct sandbox_spec spec = plain_spec();
    spec.uid = geteuid() == 0 ? TEST_UID : 0;
    struct sandbox_report report = {.layers = ""};
    if (cx_failed(sandbox_enter(&spec, &report, NULL)))
        return 1;
    if (report.uid != (uint32_t)geteuid() || (spec.uid != 0 && report.uid != TEST_UID))
        return 2;
    if (spec.uid != 0 && strstr(report.layers, "uid ") != report.layers)
        return 3;
    if (strstr(report.layers, "no-new-privs") == NULL || strstr(report.layers, "rlimits") == NULL ||
        strstr(report.layers, "seccomp-deny-list") == NULL)
        return 4;
    if ((strstr(report.layers, "landlock-") == NULL) ==
        (strstr(report.missing, "landlock") == NULL))
        return 5; /* either in force or named as missing */
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 2)
        return 6;
    return FINE;
}

static void test_report_tells_what_the_kernel_enforces(void **state)
{
    (void)state;
    assert_int_equal(in_child(check_report), FINE);
}

static int check_limits(void)
{
    struct sandbox_spec spec = plain_spec();
    spec.file_len_max = 4;
    struct sandbox_report report;
    FILE *file = tmpfile();
    if (file == NULL || cx_failed(sandbox_enter(&spec, &report, NULL)))
        return 1;
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) < 0 || limit.rlim_max != 0)
        return 2;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_max != 64)
        return 3;
    if (write(fileno(file), "12345678", 8) != 4) /* cut, not killed by SIGXFSZ */
        return 4;
    return write(fileno(file), "5", 1) < 0 && errno == EFBIG ? FINE : 5;
}

static void test_limits_hold(void **state)
{
    (void)state;
    assert_int_equal(in_child(check_limits), FINE);
}

static int check_death_signal(void)
{
    int signal_number = 0;
    struct sandbox_spec spec = plain_spec();
    spec.uid = geteuid() == 0 ? TEST_UID : 0;
    struct sandbox_report report;
    if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0 ||
        cx_failed(sandbox_enter(&spec, &report, NULL)) ||
        prctl(PR_GET_PDEATHSIG, &signal_number, 0, 0, 0) < 0)
        return 1;
    return signal_number == SIGTERM ? FINE : 2;
}

static void test_parent_death_signal_survives_the_change_of_user(void **state)
{
    (void)state;
    assert_int_equal(in_child(check_death_signal), FINE);
}

static int check_twice(void)
{
    struct sandbox_spec spec = plain_spec();
    struct sandbox_report report;
    struct cx_diag diag = CX_DIAG_INIT;
    if (cx_failed(sandbox_enter(&spec, &report, NULL)))
        return 1;
    /* The second time the filter of the first forbids what installing needs: it must say so. */
    return cx_failed(sandbox_enter(&spec, &report, &diag)) && diag.text[0] != '\0' ? FINE : 2;
}

static void test_a_layer_that_cannot_be_installed_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(in_child(check_twice), FINE);
}

static void test_spec_has_limits(void **state)
{
    (void)state;
    struct sandbox_spec spec = plain_spec();
    char long_path[SANDBOX_PATH_LEN + 1];
    memset(long_path, 'x', sizeof(long_path));
    assert_err(
        sandbox_allow_path(&spec, (struct cx_str){long_path, SANDBOX_PATH_LEN}, SANDBOX_READ, true),
        LIMIT);
    for (int i = 0; i < SANDBOX_PATHS_MAX; i++)
        assert_ok(sandbox_allow_path(&spec, CX_STR("/x"), SANDBOX_READ, true));
    assert_err(sandbox_allow_path(&spec, CX_STR("/x"), SANDBOX_READ, true), LIMIT);
    for (int i = 0; i < SANDBOX_PORTS_MAX; i++)
        assert_ok(sandbox_allow_port(&spec, 1, true, false));
    assert_err(sandbox_allow_port(&spec, 1, true, false), LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_report_tells_what_the_kernel_enforces),
        cmocka_unit_test(test_limits_hold),
        cmocka_unit_test(test_parent_death_signal_survives_the_change_of_user),
        cmocka_unit_test(test_a_layer_that_cannot_be_installed_is_an_error),
        cmocka_unit_test(test_spec_has_limits),
    };
    return cmocka_run_group_tests_name("os/sandbox", tests, NULL, NULL);
}
