/* Resource limits. A write beyond RLIMIT_FSIZE fails with EFBIG instead of killing the process. */
#include "os/sandbox_internal.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static cx_err set_limit(__rlimit_resource_t which, uint64_t value, const char *what,
                        struct cx_diag *diag)
{
    const struct rlimit limit = {value, value};
    if (setrlimit(which, &limit) < 0)
        return sandbox_refuse(diag, "rlimits", what);
    return CX_OK;
}

static cx_err lower_limit(__rlimit_resource_t which, uint64_t value, const char *what,
                          struct cx_diag *diag)
{
    struct rlimit limit = {0, 0};
    if (getrlimit(which, &limit) < 0)
        return sandbox_refuse(diag, "rlimits", what);
    return set_limit(which, limit.rlim_max < value ? limit.rlim_max : value, what, diag);
}

cx_err sandbox_rlimit_enter(const struct sandbox_spec *spec, struct sandbox_report *report,
                            struct cx_diag *diag)
{
    CX_TRY(set_limit(RLIMIT_CORE, 0, "RLIMIT_CORE", diag));
    if (spec->nofile_max != 0)
        CX_TRY(lower_limit(RLIMIT_NOFILE, spec->nofile_max, "RLIMIT_NOFILE", diag));
    if (spec->file_len_max != UINT64_MAX) {
        if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
            return sandbox_refuse(diag, "rlimits", "SIGXFSZ cannot be ignored");
        CX_TRY(lower_limit(RLIMIT_FSIZE, spec->file_len_max, "RLIMIT_FSIZE", diag));
    }
    /* RLIMIT_NPROC counts all processes of a user: it says something only for a user of our own. */
    if (spec->threads_max != 0 && spec->uid != 0 && geteuid() == spec->uid)
        CX_TRY(lower_limit(RLIMIT_NPROC, spec->threads_max, "RLIMIT_NPROC", diag));
    return sandbox_report_layer(report, "rlimits");
}
