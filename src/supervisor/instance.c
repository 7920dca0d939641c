#include "supervisor/instance.h"

#include "base/cleanup.h"
#include "os/file.h"

#include <errno.h>
#include <stdlib.h>

cx_err instance_move(struct instance *instance, const char *dir, struct arena *arena)
{
    CX_TRY(arena_copy_str(arena, cx_str_from(dir), &instance->dir));
    instance->args[1] = instance->dir.ptr; /* arena_copy_str ends with a NUL */
    return CX_OK;
}

static cx_err resolve(struct instance *instance, const char *dir, struct arena *arena,
                      struct cx_diag *diag)
{
    CX_AUTO_FREE char *real = realpath(dir, NULL);
    if (real == NULL)
        return cx_refuse(diag, CX_ERR(NOTFOUND), "--data", "data",
                         "there is no data directory %s; certinext init makes one", dir);
    instance->args[0] = "--data";
    instance->arg_count = 2;
    return instance_move(instance, real, arena);
}

static cx_err set_option(struct instance *instance, const char *assignment, struct arena *arena,
                         struct cx_diag *diag)
{
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || instance->arg_count + 2 > INSTANCE_ARGS_MAX)
        return cx_refuse(diag, CX_ERR(USAGE), "--set", "set", "--set takes option=value");
    struct cx_str name = {assignment, (size_t)(equals - assignment)};
    instance->args[instance->arg_count++] = "--set";
    instance->args[instance->arg_count++] = assignment;
    return config_set(&instance->config, name, cx_str_from(equals + 1), arena, diag);
}

cx_err instance_open(int argc, char **argv, struct arena *arena, struct cx_diag *diag,
                     struct instance *ret_instance)
{
    struct instance instance = {.arg_count = 0};
    const char *data = NULL;
    for (int i = 0; i + 1 < argc; i += 2)
        if (strcmp(argv[i], "--data") == 0)
            data = argv[i + 1];
    if (data == NULL || argc % 2 != 0)
        return cx_refuse(diag, CX_ERR(USAGE), "--data", "data",
                         "usage: --data DIR [--set option=value] ...");
    CX_TRY(resolve(&instance, data, arena, diag));
    CX_TRY(config_load(instance.dir, arena, diag, &instance.config));
    for (int i = 0; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--set") == 0)
            CX_TRY(set_option(&instance, argv[i + 1], arena, diag));
        else if (strcmp(argv[i], "--data") != 0)
            return cx_refuse(diag, CX_ERR(USAGE), argv[i], "argument", "unknown argument %s",
                             argv[i]);
    }
    CX_TRY(config_finish(&instance.config, instance.dir, arena, diag));
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%.*s/drill", CX_STR_ARG(instance.dir)));
    instance.drill = os_file_exists(path);
    *ret_instance = instance;
    return CX_OK;
}
