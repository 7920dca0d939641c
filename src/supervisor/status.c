#include "supervisor/status.h"

#include "base/cleanup.h"
#include "codec/json_write.h"
#include "os/file.h"

static cx_err write_words(struct json_writer *json, const char *key, const char *words)
{
    CX_TRY(json_begin_array(json, key));
    while (*words != '\0') {
        size_t len = strcspn(words, " ");
        CX_TRY(json_write_str(json, NULL, (struct cx_str){words, len}));
        words += len + (words[len] == ' ');
    }
    return json_end(json);
}

static cx_err write_child(struct json_writer *json, const struct child *child)
{
    bool running = child->pidfd >= 0;
    CX_TRY(json_begin_object(json, NULL));
    CX_TRY(json_write_text(json, "role", role_name(child->kind)));
    CX_TRY(json_write_text(json, "state", child_state_name(child->state)));
    CX_TRY(json_write_time(json, "since", child->since_us));
    CX_TRY(json_write_i64(json, "restarts", child->restarts));
    if (running) {
        CX_TRY(json_write_i64(json, "pid", child->pid));
        CX_TRY(json_write_i64(json, "uid", child->uid));
    }
    if (child->last_end[0] != '\0')
        CX_TRY(json_write_text(json, "last_end", child->last_end));
    CX_TRY(write_words(json, "sandbox", running ? child->layers : ""));
    CX_TRY(write_words(json, "sandbox_missing", running ? child->missing : ""));
    return json_end(json);
}

cx_err status_render(const struct status *status, struct cx_buf *out)
{
    struct json_writer json = json_writer(out);
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_write_i64(&json, "version", 1));
    CX_TRY(json_write_i64(&json, "pid", status->pid));
    CX_TRY(json_write_time(&json, "started", status->started_us));
    CX_TRY(json_write_text(&json, "state", status->stopping ? "stopping" : "running"));
    CX_TRY(json_write_bool(&json, "own_users", status->root));
    CX_TRY(json_begin_array(&json, "processes"));
    for (size_t i = 0; i < status->child_count; i++)
        CX_TRY(write_child(&json, &status->children[i]));
    CX_TRY(json_end(&json));
    CX_TRY(json_end(&json));
    return cx_buf_add_u8(out, '\n');
}

cx_err status_write(struct cx_str dir, const struct status *status)
{
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%.*s/run/status.json", CX_STR_ARG(dir)));
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(STATUS_MAX);
    CX_TRY(status_render(status, &text));
    return os_file_write(path, cx_buf_view(&text), 0644);
}
