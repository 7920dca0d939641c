#include "tests/lib/test.h"
#include "os/process.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

/* Runs a shell command with a pipe as descriptor 5 and returns what it wrote there. */
static void run_shell(const char *script, char ret_output[static 256], struct os_exit *ret_exit)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    const char *const argv[] = {"sh", "-c", script, NULL};
    const char *const environment[] = {"ONLY=this", NULL};
    const struct os_fd_map map[] = {{ends[1], 5}};
    const struct os_spawn spec = {
        .path = "/bin/sh", .argv = argv, .environment = environment, .fds = map, .fd_count = 1};
    struct cx_diag diag = CX_DIAG_INIT;
    pid_t pid = 0;
    int pidfd = -1;
    assert_ok(os_process_spawn(&spec, &pid, &pidfd, &diag));
    close(ends[1]);
    size_t len = 0;
    ssize_t n = 0;
    while (len < 255 && (n = read(ends[0], ret_output + len, 255 - len)) > 0)
        len += (size_t)n;
    ret_output[len] = '\0';
    close(ends[0]);
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 5000), 1); /* the pidfd tells of the end */
    assert_ok(os_process_reap(pid, ret_exit));
    close(pidfd);
}

static void test_child_has_the_mapped_descriptors_and_no_other(void **state)
{
    (void)state;
    CX_AUTO_CLOSE int leaked = open("/dev/null", O_RDONLY); /* no close-on-exec: must not leak */
    CX_AUTO_CLOSE int high = fcntl(leaked, F_DUPFD, 200);
    char output[256] = "";
    struct os_exit end;
    run_shell("ls /proc/$$/fd >&5; true", output, &end); /* no pipeline: its ends would be listed */
    assert_false(end.signalled);
    /* dash keeps a copy of a redirected descriptor above 9 for itself */
    assert_non_null(strstr(output, "0\n1\n"));
    assert_non_null(strstr(output, "\n2\n5\n"));
    assert_null(strstr(output, "200"));
    assert_null(strstr(output, "\n3\n"));
}

static void test_child_has_the_environment_given_and_clean_signals(void **state)
{
    (void)state;
    sigset_t block, before;
    sigemptyset(&block);
    sigaddset(&block, SIGTERM);
    sigprocmask(SIG_BLOCK, &block, &before);
    char output[256] = "";
    struct os_exit end;
    run_shell("echo \"$ONLY:$HOME:\" >&5; grep SigBlk /proc/self/status >&5; exit 7", output, &end);
    sigprocmask(SIG_SETMASK, &before, NULL);
    assert_non_null(strstr(output, "this::"));
    assert_non_null(strstr(output, "SigBlk:\t0000000000000000"));
    assert_int_equal(end.code, 7);
}

static void test_a_program_that_cannot_start_is_reported(void **state)
{
    (void)state;
    const char *const argv[] = {"nothing", NULL};
    const struct os_spawn spec = {.path = "/nonexistent/program", .argv = argv};
    struct cx_diag diag = CX_DIAG_INIT;
    pid_t pid = 0;
    int pidfd = -1;
    assert_err(os_process_spawn(&spec, &pid, &pidfd, &diag), IO);
    assert_non_null(strstr(diag.text, "No such file"));
    assert_int_equal(pidfd, -1);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left to reap */
}

static cx_err refuse(void *arg, struct cx_diag *diag)
{
    (void)arg;
    return cx_refuse(diag, CX_ERR(POLICY), "", "", "the sandbox is not to be had");
}

static void test_a_failed_sandbox_stops_the_exec(void **state)
{
    (void)state;
    const char *const argv[] = {"true", NULL};
    const struct os_spawn spec = {.path = "/bin/true", .argv = argv, .before_exec = refuse};
    struct cx_diag diag = CX_DIAG_INIT;
    pid_t pid = 0;
    int pidfd = -1;
    assert_err(os_process_spawn(&spec, &pid, &pidfd, &diag), IO);
    assert_non_null(strstr(diag.text, "the sandbox is not to be had"));
}

static void test_a_signal_is_told_from_an_exit(void **state)
{
    (void)state;
    char output[256] = "";
    struct os_exit end;
    run_shell("kill -9 $$", output, &end);
    assert_true(end.signalled);
    assert_int_equal(end.code, SIGKILL);
}

static void test_a_child_dies_with_its_parent(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t middle = fork();
    if (middle == 0) {
        const char *const argv[] = {"sleep", "60", NULL};
        const struct os_fd_map map[] = {{ends[1], 5}};
        const struct os_spawn spec = {
            .path = "/bin/sleep", .argv = argv, .fds = map, .fd_count = 1, .death_signal = SIGKILL};
        pid_t pid = 0;
        int pidfd = -1;
        _exit(cx_is_ok(os_process_spawn(&spec, &pid, &pidfd, NULL)) ? 0 : 1);
    }
    close(ends[1]);
    int status = 0;
    waitpid(middle, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 0);
    struct pollfd p = {.fd = ends[0], .events = POLLIN};
    assert_int_equal(poll(&p, 1, 5000), 1); /* the pipe's last writer is gone */
    close(ends[0]);
}

static void test_targets_out_of_range_are_refused(void **state)
{
    (void)state;
    const char *const argv[] = {"true", NULL};
    const struct os_fd_map map[] = {{0, 2}};
    const struct os_spawn spec = {.path = "/bin/true", .argv = argv, .fds = map, .fd_count = 1};
    pid_t pid = 0;
    int pidfd = -1;
    assert_err(os_process_spawn(&spec, &pid, &pidfd, NULL), USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_child_has_the_mapped_descriptors_and_no_other),
        cmocka_unit_test(test_child_has_the_environment_given_and_clean_signals),
        cmocka_unit_test(test_a_program_that_cannot_start_is_reported),
        cmocka_unit_test(test_a_failed_sandbox_stops_the_exec),
        cmocka_unit_test(test_a_signal_is_told_from_an_exit),
        cmocka_unit_test(test_a_child_dies_with_its_parent),
        cmocka_unit_test(test_targets_out_of_range_are_refused),
    };
    return cmocka_run_group_tests_name("os/process", tests, NULL, NULL);
}
