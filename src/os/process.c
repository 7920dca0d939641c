/* The child reports a failure before or in exec through a close-on-exec pipe: end of file means
 * that exec succeeded. Between fork and exec only this thread exists, so ordinary functions may be
 * called. */
#include "os/process.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { PARKING = OS_FD_TO_MAX + 1 }; /* descriptors are parked above the targets, then moved down */

struct failure {
    char text[DIAG_TEXT_MAX];
};

static bool park(int fd, int *ret_fd)
{
    int parked = fcntl(fd, F_DUPFD_CLOEXEC, PARKING);
    if (parked < 0)
        return false;
    *ret_fd = parked;
    return true;
}

static bool arrange_descriptors(const struct os_spawn *spec, int *report_fd)
{
    int parked[OS_FD_MAP_MAX] = {0};
    for (size_t i = 0; i < spec->fd_count; i++)
        if (!park(spec->fds[i].from, &parked[i]))
            return false;
    if (!park(*report_fd, report_fd))
        return false;
    int null_fd = open("/dev/null", O_RDWR);
    if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0)
        return false;
    if (close_range(3, PARKING - 1, 0) < 0)
        return false;
    for (size_t i = 0; i < spec->fd_count; i++)
        if (dup2(parked[i], spec->fds[i].to) < 0)
            return false;
    return close_range(PARKING, ~0u, CLOSE_RANGE_CLOEXEC) == 0;
}

static bool reset_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++)
        signal(number,
               SIG_DFL); /* fails for SIGKILL, SIGSTOP and libc's own: nothing to reset there */
    return sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

static _Noreturn void report_and_exit(int report_fd, const char *what)
{
    struct failure failure = {.text = ""};
    char reason[128] = "";
    snprintf(failure.text, sizeof(failure.text), "%s: %s", what,
             strerror_r(errno, reason, sizeof(reason)));
    ssize_t n = write(report_fd, &failure, sizeof(failure));
    _exit(n < 0 ? 126 : 127);
}

static _Noreturn void run_child(const struct os_spawn *spec, pid_t parent, int report_fd)
{
    static const char *const no_environment[] = {NULL};
    const char *const *environment = spec->environment ? spec->environment : no_environment;
    if (!reset_signals())
        report_and_exit(report_fd, "signals");
    if (!arrange_descriptors(spec, &report_fd))
        report_and_exit(report_fd, "descriptors");
    if (spec->new_group && setpgid(0, 0) < 0)
        report_and_exit(report_fd, "process group");
    if (spec->death_signal != 0 && prctl(PR_SET_PDEATHSIG, spec->death_signal, 0, 0, 0) < 0)
        report_and_exit(report_fd, "parent-death signal");
    if (spec->death_signal != 0 && getppid() != parent)
        report_and_exit(report_fd, "the parent is gone"); /* before the signal was asked for */
    if (spec->before_exec != NULL) {
        struct cx_diag diag = CX_DIAG_INIT;
        if (cx_failed(spec->before_exec(spec->arg, &diag))) {
            errno = 0;
            report_and_exit(report_fd, diag.text[0] ? diag.text : "before exec");
        }
    }
    execve(spec->path, (char *const *)(uintptr_t)spec->argv, (char *const *)(uintptr_t)environment);
    report_and_exit(report_fd, spec->path);
}

static cx_err io_error(struct cx_diag *diag, const char *what)
{
    char reason[128] = "";
    return cx_refuse(diag, CX_ERR(IO), "", "", "%s: %s", what,
                     strerror_r(errno, reason, sizeof(reason)));
}

/* CX_OK once the child runs the new program. */
static cx_err await_exec(int report_fd, const struct os_spawn *spec, struct cx_diag *diag)
{
    struct failure failure = {.text = ""};
    ssize_t n = 0;
    do
        n = read(report_fd, &failure, sizeof(failure));
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return CX_OK;
    failure.text[sizeof(failure.text) - 1] = '\0';
    return cx_refuse(diag, CX_ERR(IO), "", "", "%s does not start: %s", spec->argv[0],
                     n > 0 ? failure.text : "no report");
}

cx_err os_process_spawn(const struct os_spawn *spec, pid_t *ret_pid, int *ret_pidfd,
                        struct cx_diag *diag)
{
    if (spec->fd_count > OS_FD_MAP_MAX)
        return CX_ERR(USAGE);
    for (size_t i = 0; i < spec->fd_count; i++)
        if (spec->fds[i].to < 3 || spec->fds[i].to > OS_FD_TO_MAX)
            return CX_ERR(USAGE);
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) < 0)
        return io_error(diag, "pipe");
    CX_AUTO_CLOSE int read_end = ends[0];
    CX_AUTO_CLOSE int write_end = ends[1];
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0)
        return io_error(diag, "fork");
    if (pid == 0)
        run_child(spec, parent, write_end);
    cx_closep(&write_end);
    CX_AUTO_CLOSE int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    cx_err err = pidfd < 0 ? io_error(diag, "pidfd_open") : await_exec(read_end, spec, diag);
    if (cx_failed(err)) {
        kill(pid, SIGKILL);
        struct os_exit ignored;
        CX_IGNORE(os_process_reap(pid, &ignored)); /* err is what the caller needs to know */
        return err;
    }
    *ret_pid = pid;
    *ret_pidfd = CX_TAKE_FD(pidfd);
    return CX_OK;
}

cx_err os_process_reap(pid_t pid, struct os_exit *ret_exit)
{
    int status = 0;
    pid_t n = 0;
    do
        n = waitpid(pid, &status, 0);
    while (n < 0 && errno == EINTR);
    if (n != pid)
        return CX_ERR(IO);
    ret_exit->signalled = WIFSIGNALED(status);
    ret_exit->code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    return CX_OK;
}
