/*
 * certinext init. While it works, DIR/init-unfinished holds the id of the tenant it makes; the file goes last. So a finished
 * instance is refused, and what an interrupted init left behind is taken up by the next one, step by step: each step
 * leaves alone what is there already. A tenant of the same name that is not ours is never touched.
 */
#include "host/commands.h"

#include "base/cleanup.h"
#include "cli/output.h"
#include "cli/program.h"
#include "keys/kek.h"
#include "os/file.h"
#include "supervisor/layout.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_TEXT_ROOM = 65536, HOST_NAME_ROOM = 256 };

/* What an interrupted init left: *ret_tenant_id is the tenant it was making. CX_E_NOTFOUND: nothing. */
static cx_err read_marker(struct cx_str dir, struct cx_id *ret_tenant_id)
{
    char path[OS_PATH_MAX];
    struct cx_str text = CX_STR_NONE;
    CX_CLEANUP(cx_buf_clear) struct cx_buf content = CX_BUF_INIT(CX_ID_TEXT_MAX);
    CX_TRY(os_path(path, "%.*s/init-unfinished", CX_STR_ARG(dir)));
    CX_TRY(os_file_read(path, CX_ID_TEXT_MAX, &content));
    CX_TRY(cx_str_view(cx_buf_view(&content), &text));
    return cx_id_parse(CX_ID_TENANT, text, ret_tenant_id);
}

static cx_err write_marker(struct cx_str dir, struct cx_id *ret_tenant_id)
{
    char path[OS_PATH_MAX], text[CX_ID_TEXT_MAX];
    struct cx_rng rng;
    cx_rng_system(&rng);
    CX_TRY(cx_id_new(&rng, ret_tenant_id));
    cx_id_format(CX_ID_TENANT, *ret_tenant_id, text);
    CX_TRY(os_path(path, "%.*s/init-unfinished", CX_STR_ARG(dir)));
    return os_file_create(path, cx_str_bytes(cx_str_from(text)), 0600);
}

/* An empty place, or one that an init of ours left unfinished. */
static cx_err claim(struct cli *cli, struct cx_str dir, struct cx_id *ret_tenant_id)
{
    static const char *const ours[] = {"certinext.yaml", "keys", "db", "public"};
    char path[OS_PATH_MAX];
    cx_err err = read_marker(dir, ret_tenant_id);
    if (cx_is_ok(err)) {
        fprintf(stderr, "certinext: taking up an init of %.*s that did not finish\n",
                CX_STR_ARG(dir));
        return CX_OK;
    }
    if (err.code != CX_E_NOTFOUND)
        return cx_refuse(
            &cli->diag, err, "data", "init-unfinished",
            "%.*s/init-unfinished is damaged: remove %.*s, nothing was issued from it.",
            CX_STR_ARG(dir), CX_STR_ARG(dir));
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        CX_TRY(os_path(path, "%.*s/%s", CX_STR_ARG(dir), ours[i]));
        if (os_file_exists(path))
            return cx_refuse(&cli->diag, CX_ERR(CONFLICT), "data", "instance-exists",
                             "%.*s is an instance already: it has %s.", CX_STR_ARG(dir), ours[i]);
    }
    return write_marker(dir, ret_tenant_id);
}

static cx_err resolve(struct cli *cli, struct cx_str *ret_dir)
{
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%.*s", CX_STR_ARG(*ret_dir)));
    if (mkdir(path, 0711) < 0 && !os_file_exists(path))
        return cx_refuse(&cli->diag, CX_ERR(IO), "data", "", "%s cannot be made.", path);
    char *full = realpath(path, NULL);
    if (!full)
        return cx_refuse(&cli->diag, CX_ERR(IO), "data", "", "%s cannot be reached.", path);
    cx_err err = arena_copy_str(&cli->arena, cx_str_from(full), ret_dir);
    free(full);
    return err;
}

static cx_err set(struct cli *cli, const char *option, const char *name, struct config *config)
{
    struct cx_str value = CX_STR_NONE;
    if (!cli_get(cli, option, &value))
        return CX_OK;
    return config_set(config, cx_str_from(name), value, &cli->arena, &cli->diag);
}

/* --listen ADDRESS:PORT → https_listen, and the URL that clients use for it. */
static cx_err set_listen(struct cli *cli, struct config *config)
{
    struct cx_str listen = CX_STR_NONE, url = CX_STR_NONE;
    char name[HOST_NAME_ROOM] = "localhost";
    uint16_t port = 0;
    if (!cli_get(cli, "listen", &listen))
        return CX_OK;
    if (cx_failed(config_listen_port(listen, &port)))
        return cx_refuse(&cli->diag, CX_ERR(USAGE), "listen", "", "Write --listen ADDRESS:PORT.");
    CX_TRY(config_set(config, CX_STR("https_listen"), listen, &cli->arena, &cli->diag));
    struct cx_str host = {listen.ptr, listen.len};
    while (host.len > 0 && host.ptr[host.len - 1] != ':')
        host.len--;
    host.len -= host.len > 0; /* the colon */
    if (cx_str_is(host, "*") || cx_str_is(host, "0.0.0.0") || cx_str_is(host, "[::]")) {
        if (gethostname(name, sizeof(name) - 1) < 0)
            return CX_ERR(IO);
        host = cx_str_from(name);
    }
    CX_TRY(arena_printf(&cli->arena, &url, port == 443 ? "https://%.*s" : "https://%.*s:%u",
                        CX_STR_ARG(host), port));
    return config_set(config, CX_STR("public_url"), url, &cli->arena, &cli->diag);
}

static cx_err make_config(struct cli *cli, struct cx_str dir, struct config *ret_config)
{
    CX_TRY(config_default(dir, &cli->arena, ret_config));
    ret_config->status_url = CX_STR_NONE; /* derived anew by config_finish, unless --set says it */
    CX_TRY(set_listen(cli, ret_config));
    CX_TRY(set(cli, "http-listen", "http_listen", ret_config));
    CX_TRY(set(cli, "database", "database_url", ret_config));
    CX_TRY(set(cli, "uid-base", "uid_base", ret_config));
    for (size_t i = 0; i < cli->value_count; i++) {
        struct cx_str text = cli->values[i].text;
        if (strcmp(cli->values[i].option->name, "set") != 0)
            continue;
        const char *equals = memchr(text.ptr, '=', text.len);
        if (!equals)
            return cx_refuse(&cli->diag, CX_ERR(USAGE), "set", "", "Write --set OPTION=VALUE.");
        struct cx_str name = {text.ptr, (size_t)(equals - text.ptr)};
        struct cx_str value = {equals + 1, text.len - name.len - 1};
        CX_TRY(config_set(ret_config, name, value, &cli->arena, &cli->diag));
    }
    return config_finish(ret_config, dir, &cli->arena, &cli->diag);
}

static bool is_set(const struct cli *cli, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < cli->value_count; i++)
        if (strcmp(cli->values[i].option->name, "set") == 0 && cli->values[i].text.len > len &&
            memcmp(cli->values[i].text.ptr, name, len) == 0 && cli->values[i].text.ptr[len] == '=')
            return true;
    return false;
}

/* What is derived from the folder and the listeners stays derived: the folder may move, or be reached by another path. */
static struct config as_asked(const struct cli *cli, const struct config *config)
{
    struct config asked = *config;
    if (!is_set(cli, "database_url") && !cli_has(cli, "database"))
        asked.database_url = CX_STR_NONE;
    if (!is_set(cli, "status_url"))
        asked.status_url = CX_STR_NONE;
    return asked;
}

static cx_err write_config(struct cx_str dir, const struct config *config)
{
    char path[OS_PATH_MAX];
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(CONFIG_TEXT_ROOM);
    CX_TRY(os_path(path, "%.*s/certinext.yaml", CX_STR_ARG(dir)));
    CX_TRY(config_write(config, true, true, &text));
    /* A database URL may hold a password; roles read this file before they change their user. */
    return os_file_write(path, cx_buf_view(&text), 0600);
}

/* The unlock secret comes before the key that it opens: alone, it opens nothing and is made anew. */
static cx_err make_keys(struct cli *cli, struct cx_str dir, const struct config *config)
{
    char keys[OS_PATH_MAX], unlock[OS_PATH_MAX], kek[OS_PATH_MAX];
    struct cx_rng rng;
    cx_rng_system(&rng);
    CX_TRY(os_path(keys, "%.*s/keys", CX_STR_ARG(dir)));
    CX_TRY(os_path(kek, "%s/kek", keys));
    if (os_file_exists(kek))
        return CX_OK;
    CX_TRY(os_path(unlock, "%s/unlock", keys));
    if (config->unlock_file.len > 0)
        CX_TRY(os_path(unlock, "%.*s", CX_STR_ARG(config->unlock_file)));
    else if (os_file_exists(unlock))
        CX_TRY(os_file_remove(unlock));
    return kek_create(keys, unlock, &rng, &cli->diag);
}

static cx_err make_folders(struct cli *cli, struct cx_str dir, const struct config *config)
{
    char drill[OS_PATH_MAX];
    CX_TRY(layout_prepare(dir, config, &cli->diag));
    CX_TRY(make_keys(cli, dir, config));
    if (!cli_has(cli, "drill"))
        return CX_OK;
    CX_TRY(os_path(drill, "%.*s/drill", CX_STR_ARG(dir)));
    return os_file_write(drill, CX_BYTES_NONE, 0444);
}

/* "CN=<common>,O=<organisation>", with what subject_parse takes as syntax escaped. */
static cx_err subject_of(struct cli *cli, const char *common, struct cx_str *ret_subject)
{
    struct cx_str organisation = CX_STR("Development - do not trust");
    char *escaped = NULL;
    size_t len = 0;
    CX_IGNORE(cli_get(cli, "name", &organisation) ? CX_OK : CX_ERR(NOTFOUND));
    CX_TRY(ARENA_NEW_ARRAY(&cli->arena, 2 * organisation.len + 1, &escaped));
    for (size_t i = 0; i < organisation.len; i++) {
        if (organisation.ptr[i] == ',' || organisation.ptr[i] == '\\')
            escaped[len++] = '\\';
        escaped[len++] = organisation.ptr[i];
    }
    return arena_printf(&cli->arena, ret_subject, "CN=%s,O=%.*s", common, (int)len, escaped);
}

/* A CA that an unfinished init made already is left alone. */
static cx_err development_ca(struct host *host, struct cx_id tenant_id, struct ca_plan *plan)
{
    struct cx_id id;
    struct cx_bytes der;
    bool present = false;
    CX_TRY(ca_exists(host, tenant_id, plan->name, &present));
    return present ? CX_OK : ca_create(host, tenant_id, plan, &id, &der);
}

static cx_err development_cas(struct host *host, struct cx_id tenant_id)
{
    struct cli *cli = host->cli;
    struct ca_plan plan = {.name = CX_STR("development-root"),
                           .key_type = CX_STR("p256"),
                           .backend = CX_STR("file"),
                           .path_len = CEREMONY_PATH_LEN_PROFILE};
    CX_TRY(subject_of(cli, "CertiNext Development Root", &plan.subject));
    CX_TRY(development_ca(host, tenant_id, &plan));
    plan.name = CX_STR("development-issuing");
    plan.parent = CX_STR("development-root");
    CX_TRY(subject_of(cli, "CertiNext Development Issuing CA", &plan.subject));
    CX_TRY(development_ca(host, tenant_id, &plan));
    return gate_certificate(host, tenant_id);
}

static cx_err fill(struct host *host, struct cx_id tenant_id, struct cx_str *ret_link)
{
    struct cx_str name = CX_STR("default");
    char marker[OS_PATH_MAX];
    CX_IGNORE(cli_get(host->cli, "tenant", &name) ? CX_OK : CX_ERR(NOTFOUND));
    CX_TRY(tenant_fill(host, tenant_id, name));
    if (cli_has(host->cli, "development"))
        CX_TRY(development_cas(host, tenant_id));
    CX_TRY(tenant_link(host, tenant_id, ret_link));
    CX_TRY(os_path(marker, "%.*s/init-unfinished", CX_STR_ARG(host->instance.dir)));
    return os_file_remove(marker);
}

static cx_err print_json(struct cli *cli, struct cx_str dir, struct cx_str url, struct cx_str link)
{
    json_auto_t *document = json_pack("{s:s%, s:s%, s:s%}", "data", dir.ptr, dir.len, "console",
                                      url.ptr, url.len, "link", link.ptr, link.len);
    return document ? output_document(cli, document, NULL, 0) : CX_ERR(NOMEM);
}

static cx_err print_next(struct cli *cli, const struct host *host, struct cx_str dir,
                         struct cx_str link)
{
    struct cx_str program;
    if (cli->json)
        return print_json(cli, dir, host->core.options.public_url, link);
    CX_TRY(cli_program(&cli->arena, &program));
    printf("Instance:   %.*s\nConsole:    %.*s\n", CX_STR_ARG(dir),
           CX_STR_ARG(host->core.options.public_url));
    printf("One-time link of the first administrator (24 hours):\n\n  %.*s\n\n", CX_STR_ARG(link));
    if (cli_has(cli, "development"))
        printf("A first certificate, once it runs:\n\n"
               "  %.*s enroll '%.*s'\n"
               "  %.*s request create --certificate-profile server-tls-auto --name "
               "dns:www.example.org "
               "--new-key www.key --out www.pem\n"
               "  %.*s inspect www.pem\n\n",
               CX_STR_ARG(program), CX_STR_ARG(link), CX_STR_ARG(program), CX_STR_ARG(program));
    else
        printf("Next: a CA (%.*s ca --help), then %.*s gate certificate, then %.*s serve.\n",
               CX_STR_ARG(program), CX_STR_ARG(program), CX_STR_ARG(program));
    return CX_OK;
}

static cx_err init(struct cli *cli, struct cx_str dir, struct cx_id tenant_id,
                   const struct config *config)
{
    CX_CLEANUP(host_close) struct host host = {.opened = false};
    struct cx_str link = CX_STR_NONE;
    CX_TRY(make_folders(cli, dir, config));
    const struct config asked = as_asked(cli, config);
    CX_TRY(write_config(dir, &asked));
    CX_TRY(host_open(cli, &host));
    CX_TRY(fill(&host, tenant_id, &link));
    return print_next(cli, &host, dir, link);
}

cx_err init_run(struct cli *cli, const struct cli_command *command)
{
    struct cx_str dir = CX_STR("certinext-data");
    struct cx_id tenant_id;
    struct config config;
    (void)command;
    umask(0022);
    CX_IGNORE(cli_get(cli, "data", &dir) ? CX_OK : CX_ERR(NOTFOUND));
    CX_TRY(make_config(cli, CX_STR("/"), &config)); /* a mistyped option makes no directory */
    CX_TRY(resolve(cli, &dir));
    CX_TRY(make_config(cli, dir, &config));
    CX_TRY(claim(cli, dir, &tenant_id));
    cx_err err = init(cli, dir, tenant_id, &config);
    if (cx_failed(err))
        fprintf(stderr,
                "certinext: init did not finish; correct the cause and run the same command "
                "again, or remove %.*s\n",
                CX_STR_ARG(dir));
    return err;
}
