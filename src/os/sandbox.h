/*
 * The sandbox of a process, declared as data and installed once, before the first byte of input.
 *
 * One file a mechanism: sandbox_uid.c (user id, groups, capabilities, no-new-privileges, not
 * dumpable), sandbox_rlimit.c, sandbox_landlock.c (files, TCP ports, signals and abstract sockets),
 * sandbox_seccomp.c (system calls). Fail closed: a mechanism that the kernel has but that cannot be
 * installed is an error and the process must exit. A kernel without Landlock is not an error; the
 * report names what is missing.
 *
 * The caller has one thread (checked: Landlock binds only the calling thread and what it starts
 * later).
 */
#pragma once
#include "base/diag.h"

enum { SANDBOX_PATHS_MAX = 32, SANDBOX_PATH_LEN = 512, SANDBOX_PORTS_MAX = 16 };

/* What may be done beneath a path (or to one file). Nothing may ever be executed. */
enum sandbox_access {
    SANDBOX_READ = 1u << 0,   /* read files, list folders */
    SANDBOX_WRITE = 1u << 1,  /* write, truncate, create, rename and remove files and folders */
    SANDBOX_SOCKET = 1u << 2, /* create unix sockets */
    SANDBOX_EXEC = 1u << 3,   /* for the supervisor's hand-over to nginx only */
};

struct sandbox_path {
    char path[SANDBOX_PATH_LEN];
    uint32_t access; /* enum sandbox_access bits */
    bool optional;   /* no error when it does not exist (then it is not reachable either) */
};

struct sandbox_port {
    uint16_t port;
    bool bind, connect;
};

enum sandbox_syscalls {
    SANDBOX_SYSCALLS_DENY, /* deny what no role needs: exec, ptrace, mounts, namespaces, keyrings,
                              bpf … */
    SANDBOX_SYSCALLS_ALLOW_LIST, /* allow the short list of a process without sockets (keys) */
    SANDBOX_SYSCALLS_SERVER,     /* nginx: as DENY, but it may exec (Landlock says what) and fork */
};

/* Socket families that socket(2) may make (deny list only). */
enum sandbox_sockets {
    SANDBOX_SOCKETS_UNIX = 1u << 0,
    SANDBOX_SOCKETS_INET = 1u << 1, /* IPv4 and IPv6, and netlink route for name resolution */
};

struct sandbox_spec {
    const char *role;
    uint32_t uid;       /* become this user and group; 0 = stay */
    bool keep_net_bind; /* keep CAP_NET_BIND_SERVICE across exec (nginx on a port below 1024) */

    struct sandbox_path paths[SANDBOX_PATHS_MAX];
    size_t path_count;

    bool any_tcp_connect; /* connect to any TCP port (outbound) */
    struct sandbox_port ports[SANDBOX_PORTS_MAX];
    size_t port_count;

    enum sandbox_syscalls syscalls;
    uint32_t sockets; /* enum sandbox_sockets bits */
    bool no_listen;   /* no socket of this process may wait for connections (deny list only) */

    uint32_t nofile_max;   /* RLIMIT_NOFILE */
    uint64_t file_len_max; /* RLIMIT_FSIZE; UINT64_MAX = no limit, 0 = no file may be written */
    uint32_t threads_max;  /* RLIMIT_NPROC when a user id of its own is used; 0 = no limit */
    bool signal_scope; /* signal only processes inside this sandbox, no abstract sockets outside */
};

/* Adds beneath-rules while building a spec. CX_E_LIMIT: too many or too long. */
cx_err sandbox_allow_path(struct sandbox_spec *spec, struct cx_str path, uint32_t access,
                          bool optional);
cx_err sandbox_allow_port(struct sandbox_spec *spec, uint16_t port, bool bind, bool connect);

enum { SANDBOX_LAYERS_MAX = 400, SANDBOX_MISSING_MAX = 200 };
struct sandbox_report {
    char layers[SANDBOX_LAYERS_MAX]; /* in force, e.g. "no-new-privs uid rlimits landlock-7 seccomp"
                                      */
    char missing[SANDBOX_MISSING_MAX]; /* what this kernel lacks, "" when nothing */
    uint32_t uid;                      /* effective user id afterwards */
};

/* Installs all layers in the order uid, rlimits, Landlock, seccomp. On error the process is in an
 * unknown, more confined state: exit. */
cx_err sandbox_enter(const struct sandbox_spec *spec, struct sandbox_report *ret_report,
                     struct cx_diag *diag);
