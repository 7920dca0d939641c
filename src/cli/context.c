#include "cli/context.h"

#include "base/cleanup.h"
#include "cli/output.h"
#include "codec/json_write.h"
#include "codec/yaml.h"
#include "os/file.h"

#include <sys/stat.h>

static cx_err folder_path(struct cli *cli, char ret_path[static OS_PATH_MAX])
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (config && config[0] == '/')
        return os_path(ret_path, "%s/certinext", config);
    if (home && home[0] == '/')
        return os_path(ret_path, "%s/.config/certinext", home);
    return cx_refuse(&cli->diag, CX_ERR(USAGE), "", "",
                     "Set HOME or XDG_CONFIG_HOME: contexts are kept there.");
}

static cx_err file_path(struct cli *cli, char ret_path[static OS_PATH_MAX])
{
    char folder[OS_PATH_MAX];
    CX_TRY(folder_path(cli, folder));
    return os_path(ret_path, "%s/contexts.yaml", folder);
}

static cx_err read_optional(struct cli *cli, const struct json_node *node, const char *key,
                            struct cx_str *ret_text)
{
    struct cx_str text;
    if (!json_has(node, key))
        return CX_OK;
    CX_TRY(json_read_str(node, key, 1024, &cli->diag, &text));
    return arena_copy_str(&cli->arena, text, ret_text);
}

static cx_err read_context(struct cli *cli, const struct json_node *node,
                           struct cli_context *ret_context)
{
    static const char *const keys[] = {"name",        "url",        "ca",        "token",
                                       "client_cert", "client_key", "client_url"};
    struct cli_context context = {0};
    struct cx_str text;
    CX_TRY(json_only(node, keys, sizeof(keys) / sizeof(keys[0]), &cli->diag));
    CX_TRY(json_read_str(node, "name", 64, &cli->diag, &text));
    CX_TRY(arena_copy_str(&cli->arena, text, &context.name));
    CX_TRY(json_read_str(node, "url", 1024, &cli->diag, &text));
    CX_TRY(arena_copy_str(&cli->arena, text, &context.url));
    CX_TRY(json_read_str(node, "ca", 65536, &cli->diag, &text));
    CX_TRY(arena_copy_str(&cli->arena, text, &context.ca));
    CX_TRY(json_read_str(node, "token", 256, &cli->diag, &text));
    CX_TRY(arena_copy_str(&cli->arena, text, &context.token));
    CX_TRY(read_optional(cli, node, "client_cert", &context.client_cert));
    CX_TRY(read_optional(cli, node, "client_key", &context.client_key));
    CX_TRY(read_optional(cli, node, "client_url", &context.client_url));
    *ret_context = context;
    return CX_OK;
}

cx_err context_parse(struct cli *cli, struct cx_bytes text, struct cli_contexts *ret_contexts)
{
    static const char *const keys[] = {"current", "contexts"};
    json_auto_t *root = NULL;
    struct cli_contexts contexts = {.count = 0};
    struct cx_str current;
    CX_TRY(yaml_parse(text, CONTEXT_FILE_MAX, &cli->diag, &root));
    struct json_node top = json_top(root), list;
    CX_TRY(json_only(&top, keys, 2, &cli->diag));
    CX_TRY(json_read_str(&top, "current", 64, &cli->diag, &current));
    CX_TRY(arena_copy_str(&cli->arena, current, &contexts.current));
    CX_TRY(json_read_array(&top, "contexts", CONTEXTS_MAX, &cli->diag, &list, &contexts.count));
    for (size_t i = 0; i < contexts.count; i++) {
        struct json_node item = json_item(&list, i);
        CX_TRY(read_context(cli, &item, &contexts.items[i]));
    }
    *ret_contexts = contexts;
    return CX_OK;
}

cx_err context_load(struct cli *cli, struct cli_contexts *ret_contexts)
{
    char path[OS_PATH_MAX];
    struct stat info;
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(CONTEXT_FILE_MAX);
    CX_TRY(file_path(cli, path));
    if (stat(path, &info) != 0) {
        *ret_contexts = (struct cli_contexts){.count = 0};
        return CX_OK;
    }
    if (info.st_mode & (S_IRWXG | S_IRWXO))
        return cx_refuse(&cli->diag, CX_ERR(POLICY), "", "context-permissions",
                         "%s holds tokens and can be read by others: chmod 600 it.", path);
    CX_TRY(os_file_read(path, CONTEXT_FILE_MAX, &text));
    return context_parse(cli, cx_buf_view(&text), ret_contexts);
}

static cx_err make_folder(struct cli *cli)
{
    char folder[OS_PATH_MAX], parent[OS_PATH_MAX];
    CX_TRY(folder_path(cli, folder));
    CX_TRY(os_path(parent, "%.*s", (int)(strrchr(folder, '/') - folder), folder));
    if (!os_file_exists(parent))
        CX_TRY(os_mkdir(parent, 0700, (uid_t)-1, (gid_t)-1));
    return os_mkdir(folder, 0700, (uid_t)-1, (gid_t)-1);
}

/* JSON's double-quoted strings are YAML's as well, so quoting is theirs. */
static cx_err write_member(struct cx_buf *out, const char *lead, const char *key,
                           struct cx_str value)
{
    CX_TRY(cx_buf_addf(out, "%s%s: ", lead, key));
    CX_TRY(json_escape(out, value));
    return cx_buf_add_u8(out, '\n');
}

static cx_err write_optional(struct cx_buf *out, const char *key, struct cx_str value)
{
    return value.len ? write_member(out, "    ", key, value) : CX_OK;
}

cx_err context_write(const struct cli_contexts *contexts, struct cx_buf *out)
{
    CX_TRY(write_member(out, "", "current", contexts->current));
    CX_TRY(cx_buf_add_str(out, contexts->count ? CX_STR("contexts:\n") : CX_STR("contexts: []\n")));
    for (size_t i = 0; i < contexts->count; i++) {
        const struct cli_context *context = &contexts->items[i];
        CX_TRY(write_member(out, "  - ", "name", context->name));
        CX_TRY(write_member(out, "    ", "url", context->url));
        CX_TRY(write_member(out, "    ", "ca", context->ca));
        CX_TRY(write_member(out, "    ", "token", context->token));
        CX_TRY(write_optional(out, "client_cert", context->client_cert));
        CX_TRY(write_optional(out, "client_key", context->client_key));
        CX_TRY(write_optional(out, "client_url", context->client_url));
    }
    return CX_OK;
}

cx_err context_save(struct cli *cli, const struct cli_contexts *contexts)
{
    char path[OS_PATH_MAX];
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(CONTEXT_FILE_MAX);
    CX_TRY(context_write(contexts, &text));
    CX_TRY(make_folder(cli));
    CX_TRY(file_path(cli, path));
    cx_err err = os_file_write(path, cx_buf_view(&text), 0600);
    return cx_failed(err) ? cx_refuse(&cli->diag, err, "", "", "%s cannot be written.", path)
                          : CX_OK;
}

cx_err context_put(struct cli *cli, struct cli_contexts *contexts,
                   const struct cli_context *context)
{
    size_t at = 0;
    while (at < contexts->count && !cx_str_eq(contexts->items[at].name, context->name))
        at++;
    if (at == CONTEXTS_MAX)
        return cx_refuse(&cli->diag, CX_ERR(LIMIT), "", "", "There are %d contexts already.",
                         CONTEXTS_MAX);
    contexts->items[at] = *context;
    contexts->current = context->name;
    if (at == contexts->count)
        contexts->count++;
    return CX_OK;
}

cx_err context_choose(struct cli *cli, struct cli_context *ret_context)
{
    struct cli_contexts contexts;
    CX_TRY(context_load(cli, &contexts));
    struct cx_str name = cli->context.len ? cli->context : contexts.current;
    for (size_t i = 0; i < contexts.count; i++)
        if (cx_str_eq(contexts.items[i].name, name)) {
            *ret_context = contexts.items[i];
            return CX_OK;
        }
    if (cli->context.len)
        return cx_refuse(&cli->diag, CX_ERR(USAGE), "context", "",
                         "There is no context \"%.*s\": see certinext context list.",
                         CX_STR_ARG(name));
    return cx_refuse(&cli->diag, CX_ERR(USAGE), "", "",
                     "No server is known: certinext enroll URL LINK --ca-file ROOT.pem");
}

static json_t *context_json(const struct cli_context *context, struct cx_str current)
{
    return json_pack("{s:s%, s:s%, s:b}", "name", context->name.ptr, context->name.len, "url",
                     context->url.ptr, context->url.len, "current",
                     cx_str_eq(context->name, current));
}

cx_err context_run_list(struct cli *cli, const struct cli_command *command)
{
    static const char *const columns[] = {"name", "url", "current"};
    struct cli_contexts contexts;
    (void)command;
    CX_TRY(context_load(cli, &contexts));
    json_auto_t *root = json_pack("{s:[]}", "items");
    if (!root)
        return CX_ERR(NOMEM);
    for (size_t i = 0; i < contexts.count; i++)
        if (json_array_append_new(json_object_get(root, "items"),
                                  context_json(&contexts.items[i], contexts.current)) != 0)
            return CX_ERR(NOMEM);
    return output_document(cli, root, columns, 3);
}

cx_err context_run_use(struct cli *cli, const struct cli_command *command)
{
    struct cli_contexts contexts;
    struct cli_context chosen;
    (void)command;
    cli->context = cli->positionals[0];
    CX_TRY(context_choose(cli, &chosen));
    CX_TRY(context_load(cli, &contexts));
    contexts.current = chosen.name;
    return context_save(cli, &contexts);
}

cx_err context_run_show(struct cli *cli, const struct cli_command *command)
{
    struct cli_context chosen;
    (void)command;
    if (cli->positional_count)
        cli->context = cli->positionals[0];
    CX_TRY(context_choose(cli, &chosen));
    json_auto_t *root = context_json(&chosen, chosen.name);
    if (!root || json_object_set_new(root, "ca", json_stringn(chosen.ca.ptr, chosen.ca.len)) != 0)
        return CX_ERR(NOMEM);
    json_object_del(root, "current");
    return output_document(cli, root, NULL, 0);
}
