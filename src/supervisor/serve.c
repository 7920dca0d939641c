/* One supervisor a data directory, held by a lock; then the folders, then the process tree. */
#include "supervisor/serve.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "os/file.h"
#include "os/view.h"
#include "supervisor/layout.h"
#include "supervisor/supervisor.h"

#include <sys/stat.h>

enum { SERVE_ARENA_MAX = 256 * 1024 };

static cx_err prepare(const struct instance *instance, struct cx_diag *diag, int *ret_lock)
{
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%.*s/init-unfinished", CX_STR_ARG(instance->dir)));
    if (os_file_exists(path))
        return cx_refuse(diag, CX_ERR(CONFLICT), "--data", "init-unfinished",
                         "the init of %.*s did not finish: run the same certinext init again",
                         CX_STR_ARG(instance->dir));
    CX_TRY(layout_prepare(instance->dir, &instance->config, diag));
    CX_TRY(os_path(path, "%.*s/run/serve.lock", CX_STR_ARG(instance->dir)));
    cx_err err = os_lock(path, ret_lock);
    if (err.code == CX_E_BUSY)
        return cx_refuse(diag, err, "--data", "lock", "another certinext serve runs on %.*s",
                         CX_STR_ARG(instance->dir));
    return err;
}

/* Roles with users of their own may need another way to the same folder. */
static cx_err open_view(struct instance *instance, struct arena *arena, struct cx_diag *diag)
{
    if (layout_uid(&instance->config, 1) == 0)
        return CX_OK;
    char path[OS_PATH_MAX];
    CX_TRY(os_view_open(instance->dir.ptr, path, diag));
    return instance_move(instance, path, arena);
}

int serve_command(int argc, char **argv)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(SERVE_ARENA_MAX);
    CX_AUTO_CLOSE int lock = -1;
    struct cx_diag diag = CX_DIAG_INIT;
    struct instance instance = {.arg_count = 0};
    umask(0022); /* modes are given where files are made */
    cx_log_init("supervisor", CX_LOG_INFO);
    cx_err err = instance_open(argc, argv, &arena, &diag, &instance);
    if (cx_is_ok(err))
        err = prepare(&instance, &diag, &lock);
    if (cx_is_ok(err))
        err = open_view(&instance, &arena, &diag);
    if (cx_failed(err)) {
        fprintf(stderr, "certinext serve: %s\n", diag.text[0] ? diag.text : cx_err_name(err));
        return cx_exit_code(err);
    }
    cx_log_init("supervisor", config_log_level(&instance.config));
    if (layout_uid(&instance.config, 1) == 0)
        cx_log(CX_LOG_WARN,
               "roles share one user id: start as root with uid_base set to separate them", NULL);
    return supervisor_run(&instance);
}
