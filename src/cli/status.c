#include "cli/status.h"

#include "base/cleanup.h"
#include "cli/output.h"
#include "codec/json.h"
#include "os/file.h"

#include <errno.h>
#include <signal.h>

enum { STATUS_FILE_MAX = 65536 };

struct cx_str status_data_dir(const struct cli *cli)
{
    struct cx_str dir;
    const char *environment = getenv("CERTINEXT_DATA");
    if (cli_get(cli, "data", &dir))
        return dir;
    return environment ? cx_str_from(environment) : CX_STR("certinext-data");
}

cx_err status_read(struct cli *cli, struct cx_str dir, json_t **ret_status, bool *ret_alive)
{
    char path[OS_PATH_MAX];
    json_auto_t *root = NULL;
    struct json_node top;
    int64_t pid = 0;
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(STATUS_FILE_MAX);
    CX_TRY(os_path(path, "%.*s/run/status.json", CX_STR_ARG(dir)));
    cx_err err = os_file_read(path, STATUS_FILE_MAX, &text);
    if (cx_failed(err))
        return cx_refuse(&cli->diag, err, "data", "",
                         "%s cannot be read: is %.*s the data directory, and was it started?", path,
                         CX_STR_ARG(dir));
    CX_TRY(json_parse(cx_buf_view(&text), STATUS_FILE_MAX, &cli->diag, &root));
    top = json_top(root);
    CX_TRY(json_read_i64(&top, "pid", 1, INT32_MAX, &cli->diag, &pid));
    *ret_alive = kill((pid_t)pid, 0) == 0 || errno == EPERM;
    *ret_status = CX_TAKE(root);
    return CX_OK;
}

/* The file says role; a person and a script look for the process's name. */
static cx_err add_names(json_t *status)
{
    size_t index;
    json_t *process;
    json_array_foreach(
        json_object_get(status, "processes"), index,
        process) if (json_object_set(process, "name", json_object_get(process, "role")) !=
                     0) return CX_ERR(PARSE);
    return CX_OK;
}

cx_err status_run(struct cli *cli, const struct cli_command *command)
{
    static const char *const columns[] = {"name",     "state", "pid",    "uid",
                                          "restarts", "since", "sandbox"};
    json_auto_t *status = NULL, *table = NULL;
    bool alive = false;
    (void)command;
    CX_TRY(status_read(cli, status_data_dir(cli), &status, &alive));
    if (!alive && json_object_set_new(status, "state", json_string("not running")) != 0)
        return CX_ERR(NOMEM);
    CX_TRY(add_names(status));
    if (cli->json)
        return output_document(cli, status, NULL, 0);
    printf("%s since %s, pid %lld\n", json_string_value(json_object_get(status, "state")),
           json_string_value(json_object_get(status, "started")),
           (long long)json_integer_value(json_object_get(status, "pid")));
    table = json_pack("{s:O}", "items", json_object_get(status, "processes"));
    if (!table)
        return CX_ERR(NOMEM);
    return output_document(cli, table, columns, sizeof(columns) / sizeof(columns[0]));
}
