/*
 * System calls, by libseccomp.
 *
 * A forbidden call fails with EPERM, so that a library which merely tries something goes on; calls
 * that only an attacker makes (ptrace, other processes' memory, modules, mounts) kill the process.
 * clone3 says ENOSYS: its flags are behind a pointer that a filter cannot read, and glibc falls
 * back to clone. Names that this libseccomp does not know are left out of the deny list; in the
 * allow list that is safe.
 */
#include "os/sandbox_internal.h"

#include "base/checked.h"

#include <errno.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

/* Namespaces of any kind: a thread is made without these. CLONE_NEWTIME shares a bit with the
 * signal number and is possible through clone3 and unshare only. */
static const uint64_t namespace_flags = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                        CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

/* clang-format off: one name a line would hide the lists */
static const char *const killed[] = {
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "mount",
    "umount2",
    "pivot_root",
    "move_mount",
    "fsopen",
    "fsmount",
    "open_tree",
    "mount_setattr",
    "bpf",
    "swapon",
    "swapoff",
    "reboot",
};

/* A server that is not ours (nginx) needs these; Landlock says what it may execute. */
static const char *const denied_programs[] = {"execve", "execveat", "fork", "vfork"};

static const char *const denied[] = {
    "unshare",
    "setns",
    "chroot",
    "acct",
    "quotactl",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "add_key",
    "request_key",
    "keyctl",
    "pidfd_getfd",
    "pidfd_send_signal",
    "process_madvise",
    "kcmp",
    "name_to_handle_at",
    "open_by_handle_at",
    "fanotify_init",
    "lookup_dcookie",
    "personality",
    "iopl",
    "ioperm",
    "modify_ldt",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "sethostname",
    "setdomainname",
    "syslog",
    "vhangup",
    "nfsservctl",
    "mknod",
    "mknodat",
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setgroups",
    "setfsuid",
    "setfsgid",
    "capset",
    "uselib",
    "ustat",
    "sysfs",
    "_sysctl",
    "memfd_create",
    "landlock_create_ruleset",
    "seccomp",
    "setxattr",
    "fsetxattr",
    "lsetxattr",
};

/* What the keys process lives on: memory, threads, its own files, its inherited sockets, time. */
static const char *const keys_allowed[] = {
    "read",
    "readv",
    "pread64",
    "preadv",
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "close",
    "close_range",
    "open",
    "openat",
    "stat",
    "fstat",
    "lstat",
    "newfstatat",
    "statx",
    "lseek",
    "access",
    "faccessat",
    "faccessat2",
    "readlink",
    "readlinkat",
    "getdents64",
    "getcwd",
    "fcntl",
    "flock",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fallocate",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "fchmod",
    "fchmodat",
    "umask",
    "statfs",
    "fstatfs",
    "dup",
    "dup2",
    "dup3",
    "pipe2",
    "eventfd2",
    "signalfd4",
    "munmap",
    "mremap",
    "madvise",
    "brk",
    "mlock",
    "mlock2",
    "munlock",
    "msync",
    "memfd_secret",
    "membarrier",
    "futex",
    "futex_waitv",
    "set_robust_list",
    "get_robust_list",
    "rseq",
    "set_tid_address",
    "sched_yield",
    "sched_getaffinity",
    "gettid",
    "getpid",
    "getppid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getresuid",
    "getresgid",
    "getrusage",
    "times",
    "uname",
    "sysinfo",
    "exit",
    "exit_group",
    "restart_syscall",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigtimedwait",
    "rt_sigpending",
    "sigaltstack",
    "recvmsg",
    "sendmsg",
    "recvfrom",
    "sendto",
    "shutdown",
    "getsockopt",
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "timerfd_create",
    "timerfd_settime",
    "getrandom",
    "clock_gettime",
    "clock_getres",
    "clock_nanosleep",
    "nanosleep",
    "gettimeofday",
    "time",
    "arch_prctl",
};

/* clang-format on */

/* A socket that was never bound can listen too, on a port that the kernel picks: Landlock does not see it. */
static const char *const denied_servers[] = {"listen", "accept", "accept4"};

static int add_names(scmp_filter_ctx ctx, uint32_t action, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int nr = seccomp_syscall_resolve_name(names[i]);
        if (nr == __NR_SCMP_ERROR)
            continue;
        int rc = seccomp_rule_add(ctx, action, nr, 0);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Socket families outside the given set are refused. Seccomp compares values, so every other family
 * up to the highest is named by two ranges and the gaps. */
static int deny_sockets(scmp_filter_ctx ctx, uint32_t sockets)
{
    const uint32_t refuse = SCMP_ACT_ERRNO(EAFNOSUPPORT);
    for (int family = 0; family <= AF_NETLINK; family++) {
        bool allowed = (family == AF_UNIX && (sockets & SANDBOX_SOCKETS_UNIX)) ||
                       ((family == AF_INET || family == AF_INET6 || family == AF_NETLINK) &&
                        (sockets & SANDBOX_SOCKETS_INET));
        int rc = allowed ? 0
                         : seccomp_rule_add(ctx, refuse, SCMP_SYS(socket), 1,
                                            SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family));
        if (rc < 0)
            return rc;
    }
    /* socketpair stays: its ends reach nobody (curl wakes its threads with one). */
    return seccomp_rule_add(ctx, refuse, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_GT, AF_NETLINK));
}

/* No new process (a thread has CLONE_THREAD), no program, no memory to run code from. */
static int deny_programs(scmp_filter_ctx ctx)
{
    const uint32_t refuse = SCMP_ACT_ERRNO(EPERM);
    int rc = add_names(ctx, refuse, denied_programs, CX_COUNT_OF(denied_programs));
    if (rc == 0)
        rc = seccomp_rule_add(ctx, refuse, SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    if (rc == 0)
        rc = seccomp_rule_add(ctx, refuse, SCMP_SYS(mmap), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
    if (rc == 0)
        rc = seccomp_rule_add(ctx, refuse, SCMP_SYS(mprotect), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
    return rc;
}

static int deny_listed(scmp_filter_ctx ctx, const struct sandbox_spec *spec)
{
    const uint32_t refuse = SCMP_ACT_ERRNO(EPERM);
    int rc = add_names(ctx, refuse, denied, CX_COUNT_OF(denied));
    if (rc == 0)
        rc = deny_sockets(ctx, spec->sockets);
    if (rc == 0 && spec->no_listen)
        rc = add_names(ctx, refuse, denied_servers, CX_COUNT_OF(denied_servers));
    for (unsigned bit = 0; rc == 0 && bit < 64; bit++) {
        uint64_t flag = UINT64_C(1) << bit;
        if (namespace_flags & flag)
            rc = seccomp_rule_add(ctx, refuse, SCMP_SYS(clone), 1,
                                  SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag));
    }
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (rc == 0) /* typing into a terminal */
        rc = seccomp_rule_add(ctx, refuse, SCMP_SYS(ioctl), 1,
                              SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, TIOCSTI));
    if (rc == 0 && spec->syscalls == SANDBOX_SYSCALLS_DENY)
        rc = deny_programs(ctx);
    return rc;
}

static int allow_listed(scmp_filter_ctx ctx)
{
    int rc = add_names(ctx, SCMP_ACT_ALLOW, keys_allowed, CX_COUNT_OF(keys_allowed));
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (rc == 0) /* threads of this process only */
        rc = seccomp_rule_add(
            ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
            SCMP_A0(SCMP_CMP_MASKED_EQ, namespace_flags | CLONE_THREAD, CLONE_THREAD));
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (rc == 0) /* abort() */
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                              SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                              SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    if (rc == 0) /* malloc names its regions */
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                              SCMP_A0(SCMP_CMP_EQ, PR_SET_VMA));
    if (rc == 0) /* reading a limit: pthread stack sizes */
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0));
    return rc;
}

cx_err sandbox_seccomp_enter(const struct sandbox_spec *spec, struct sandbox_report *report,
                             struct cx_diag *diag)
{
    bool allow_list = spec->syscalls == SANDBOX_SYSCALLS_ALLOW_LIST;
    scmp_filter_ctx ctx = seccomp_init(allow_list ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_ALLOW);
    if (ctx == NULL)
        return cx_refuse(diag, CX_ERR(NOMEM), "seccomp", "sandbox", "no filter can be made");
    int rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
    if (rc == 0)
        rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree instead of a chain */
    if (rc == 0)
        rc = add_names(ctx, SCMP_ACT_KILL_PROCESS, killed, CX_COUNT_OF(killed));
    if (rc == 0)
        rc = allow_list ? allow_listed(ctx) : deny_listed(ctx, spec);
    if (rc == 0)
        rc = seccomp_load(ctx);
    seccomp_release(ctx);
    if (rc < 0) {
        errno = -rc;
        return sandbox_refuse(diag, "seccomp", "the filter cannot be installed");
    }
    static const char *const names[] = {[SANDBOX_SYSCALLS_DENY] = "seccomp-deny-list",
                                        [SANDBOX_SYSCALLS_ALLOW_LIST] = "seccomp-allow-list",
                                        [SANDBOX_SYSCALLS_SERVER] = "seccomp-server"};
    return sandbox_report_layer(report, names[spec->syscalls]);
}
