/*
 * Landlock through its raw system calls: Debian 12's headers stop at ABI 2, and the kernel may know
 * more. Every right that the running kernel can handle is handled, so what no rule allows is
 * refused.
 */
#include "os/sandbox_internal.h"

#include "base/cleanup.h"
#include "base/checked.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

/* linux/landlock.h */
enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1, RULE_NET_PORT = 2 };
enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_REMOVE_DIR = 1 << 4,
    FS_REMOVE_FILE = 1 << 5,
    FS_MAKE_DIR = 1 << 7,
    FS_MAKE_REG = 1 << 8,
    FS_MAKE_SOCK = 1 << 9,
    FS_REFER = 1 << 13,     /* ABI 2 */
    FS_TRUNCATE = 1 << 14,  /* ABI 3 */
    FS_IOCTL_DEV = 1 << 15, /* ABI 5 */
};
enum {
    FS_ABI1 = (1 << 13) - 1,
    FS_FILE_ONLY = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV
};
enum { NET_BIND_TCP = 1 << 0, NET_CONNECT_TCP = 1 << 1 };
enum { SCOPE_ABSTRACT_UNIX = 1 << 0, SCOPE_SIGNAL = 1 << 1 };

struct ruleset_attr {
    uint64_t handled_fs;
    uint64_t handled_net; /* ABI 4 */
    uint64_t scoped;      /* ABI 6 */
};
struct path_beneath_attr {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));
struct net_port_attr {
    uint64_t allowed;
    uint64_t port;
};

static struct ruleset_attr handled(long abi, const struct sandbox_spec *spec)
{
    struct ruleset_attr attr = {.handled_fs = FS_ABI1};
    if (abi >= 2)
        attr.handled_fs |= FS_REFER;
    if (abi >= 3)
        attr.handled_fs |= FS_TRUNCATE;
    if (abi >= 4)
        attr.handled_net = NET_BIND_TCP | (spec->any_tcp_connect ? 0 : NET_CONNECT_TCP);
    if (abi >= 5)
        attr.handled_fs |= FS_IOCTL_DEV;
    if (abi >= 6 && spec->signal_scope)
        attr.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
    return attr;
}

static uint64_t rights_of(uint32_t access)
{
    uint64_t rights = 0;
    if (access & SANDBOX_READ)
        rights |= FS_READ_FILE | FS_READ_DIR;
    if (access & SANDBOX_WRITE)
        rights |= FS_WRITE_FILE | FS_TRUNCATE | FS_MAKE_REG | FS_MAKE_DIR | FS_REMOVE_FILE |
                  FS_REMOVE_DIR | FS_REFER;
    if (access & SANDBOX_SOCKET)
        rights |= FS_MAKE_SOCK | FS_REMOVE_FILE;
    if (access & SANDBOX_EXEC)
        rights |= FS_EXECUTE | FS_READ_FILE | FS_READ_DIR;
    return rights;
}

static cx_err add_path(int ruleset, const struct ruleset_attr *attr,
                       const struct sandbox_path *rule, struct cx_diag *diag)
{
    CX_AUTO_CLOSE int fd = open(rule->path, O_PATH | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && rule->optional)
        return CX_OK;
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return sandbox_refuse(diag, "landlock", rule->path);
    uint64_t rights = rights_of(rule->access) & attr->handled_fs;
    if (!S_ISDIR(st.st_mode))
        rights &= FS_FILE_ONLY; /* the kernel refuses folder rights on a file */
    const struct path_beneath_attr beneath = {rights, fd};
    if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &beneath, 0) < 0)
        return sandbox_refuse(diag, "landlock", rule->path);
    return CX_OK;
}

static cx_err add_port(int ruleset, const struct ruleset_attr *attr,
                       const struct sandbox_port *rule, struct cx_diag *diag)
{
    uint64_t rights = (rule->bind ? NET_BIND_TCP : 0) | (rule->connect ? NET_CONNECT_TCP : 0);
    const struct net_port_attr port = {rights & attr->handled_net, rule->port};
    if (port.allowed == 0)
        return CX_OK;
    if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &port, 0) < 0)
        return sandbox_refuse(diag, "landlock", "a port rule was refused");
    return CX_OK;
}

static cx_err report_landlock(long abi, struct sandbox_report *report)
{
    char layer[32] = "";
    snprintf(layer, sizeof(layer), "landlock-%ld", abi);
    CX_TRY(sandbox_report_layer(report, layer));
    if (abi < 3)
        CX_TRY(sandbox_report_missing(report, "landlock-truncate"));
    if (abi < 4)
        CX_TRY(sandbox_report_missing(report, "landlock-tcp"));
    if (abi < 6)
        CX_TRY(sandbox_report_missing(report, "landlock-scope"));
    return CX_OK;
}

cx_err sandbox_landlock_enter(const struct sandbox_spec *spec, struct sandbox_report *report,
                              struct cx_diag *diag)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    if (abi < 0 && (errno == ENOSYS || errno == EOPNOTSUPP))
        return sandbox_report_missing(report, "landlock");
    if (abi < 1)
        return sandbox_refuse(diag, "landlock", "the version cannot be read");
    const struct ruleset_attr attr = handled(abi, spec);
    /* Older kernels accept a longer structure whose unknown part is zero. */
    CX_AUTO_CLOSE int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    if (ruleset < 0)
        return sandbox_refuse(diag, "landlock", "no rule set can be made");
    for (size_t i = 0; i < spec->path_count; i++)
        CX_TRY(add_path(ruleset, &attr, &spec->paths[i], diag));
    for (size_t i = 0; i < spec->port_count; i++)
        CX_TRY(add_port(ruleset, &attr, &spec->ports[i], diag));
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        return sandbox_refuse(diag, "landlock", "the rule set cannot be enforced");
    return report_landlock(abi, report);
}
