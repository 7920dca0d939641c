#include "supervisor/serve.h"

#include "base/cleanup.h"
#include "supervisor/instance.h"

enum { CONFIG_ARENA_MAX = 256 * 1024, CONFIG_OUT_MAX = 256 * 1024 };

static cx_err run(const char *verb, int argc, char **argv, struct cx_diag *diag, struct cx_buf *out)
{
    if (strcmp(verb, "document") == 0)
        return config_document(out);
    bool dump = strcmp(verb, "dump") == 0;
    if (!dump && strcmp(verb, "check") != 0)
        return cx_refuse(diag, CX_ERR(USAGE), verb, "verb",
                         "usage: certinext config check|dump|document [--data DIR]");
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(CONFIG_ARENA_MAX);
    struct instance instance = {.arg_count = 0};
    CX_TRY(instance_open(argc, argv, &arena, diag, &instance));
    return dump ? config_write(&instance.config, true, false, out)
                : cx_buf_add_str(out, CX_STR("The configuration is valid.\n"));
}

int config_command(int argc, char **argv)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(CONFIG_OUT_MAX);
    struct cx_diag diag = CX_DIAG_INIT;
    cx_err err = run(argc > 0 ? argv[0] : "", argc - 1, argv + 1, &diag, &out);
    if (cx_failed(err)) {
        fprintf(stderr, "certinext config: %s\n", diag.text[0] ? diag.text : cx_err_name(err));
        return cx_exit_code(err);
    }
    return fwrite(out.ptr, 1, out.len, stdout) == out.len && fflush(stdout) == 0
               ? 0
               : cx_exit_code(CX_ERR(IO));
}
