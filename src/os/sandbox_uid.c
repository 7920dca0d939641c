/* User id, groups, capabilities, no-new-privileges, not dumpable. The bounding set is emptied
 * before the change of user (it needs CAP_SETPCAP); afterwards the way back is tried and must fail.
 */
#include "os/sandbox_internal.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CAP_PROBE_MAX = 64 };

static cx_err empty_bounding_set(const struct sandbox_spec *spec, struct cx_diag *diag)
{
    for (int cap = 0; cap < CAP_PROBE_MAX; cap++) {
        if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) < 0)
            return CX_OK; /* beyond the last capability of this kernel */
        if (cap == CAP_NET_BIND_SERVICE && spec->keep_net_bind)
            continue;
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            return sandbox_refuse(diag, "capabilities", "the bounding set cannot be emptied");
    }
    return CX_OK;
}

static cx_err change_user(const struct sandbox_spec *spec, struct cx_diag *diag)
{
    if (setgroups(0, NULL) < 0)
        return sandbox_refuse(diag, "uid", "supplementary groups cannot be cleared");
    if (setresgid(spec->uid, spec->uid, spec->uid) < 0)
        return sandbox_refuse(diag, "uid", "the group cannot be changed");
    if (setresuid(spec->uid, spec->uid, spec->uid) < 0)
        return sandbox_refuse(diag, "uid", "the user cannot be changed");
    if (setuid(0) == 0 || setgid(0) == 0 || getuid() != spec->uid || getegid() != spec->uid)
        return cx_refuse(diag, CX_ERR(INTERNAL), "uid", "sandbox",
                         "the way back to the old user is still open");
    return CX_OK;
}

/* All sets empty, save CAP_NET_BIND_SERVICE (ambient, so that it survives exec) where asked for. */
static cx_err set_capabilities(bool keep_net_bind, struct cx_diag *diag)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}, {0}};
    if (keep_net_bind) {
        uint32_t bit = 1u << CAP_NET_BIND_SERVICE;
        data[0] = (struct __user_cap_data_struct){bit, bit, bit};
    }
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return sandbox_refuse(diag, "capabilities", "ambient capabilities cannot be cleared");
    if (syscall(SYS_capset, &header, data) < 0)
        return sandbox_refuse(diag, "capabilities", "capabilities cannot be dropped");
    if (keep_net_bind &&
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0) < 0)
        return sandbox_refuse(diag, "capabilities", "CAP_NET_BIND_SERVICE cannot be kept");
    return CX_OK;
}

cx_err sandbox_uid_enter(const struct sandbox_spec *spec, struct sandbox_report *report,
                         struct cx_diag *diag)
{
    int death_signal = 0;
    if (prctl(PR_GET_PDEATHSIG, &death_signal, 0, 0, 0) < 0)
        return sandbox_refuse(diag, "uid", "the parent-death signal cannot be read");
    bool root = geteuid() == 0;
    bool keep_net_bind = root && spec->keep_net_bind;
    if (root)
        CX_TRY(empty_bounding_set(spec, diag));
    if (spec->uid != 0 && spec->uid != geteuid()) {
        if (prctl(PR_SET_KEEPCAPS, keep_net_bind ? 1 : 0, 0, 0, 0) < 0)
            return sandbox_refuse(diag, "capabilities", "PR_SET_KEEPCAPS failed");
        CX_TRY(change_user(spec, diag));
        CX_TRY(sandbox_report_layer(report, "uid"));
    }
    CX_TRY(set_capabilities(keep_net_bind, diag));
    CX_TRY(sandbox_report_layer(report, "no-capabilities"));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return sandbox_refuse(diag, "no-new-privs", "PR_SET_NO_NEW_PRIVS failed");
    CX_TRY(sandbox_report_layer(report, "no-new-privs"));
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return sandbox_refuse(diag, "not-dumpable", "PR_SET_DUMPABLE failed");
    /* prctl(2): the parent-death signal is cleared by a change of user. Set it again. */
    if (death_signal != 0 && prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) < 0)
        return sandbox_refuse(diag, "uid", "the parent-death signal cannot be set");
    /* exec makes a process dumpable again: not claimed for a role that becomes another program. */
    return spec->syscalls == SANDBOX_SYSCALLS_SERVER ? CX_OK
                                                     : sandbox_report_layer(report, "not-dumpable");
}
