#include "host/host.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/status.h"
#include "core/issuance/issuer.h"
#include "core/policy/profile_store.h"
#include "core/protect/protect.h"
#include "core/tenant/tenant.h"
#include "keys/main.h"
#include "os/file.h"
#include "os/process.h"
#include "os/socket.h"
#include "os/view.h"
#include "supervisor/layout.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOST_ARGS_MAX = 4, CEREMONY_ARENA_MAX = 256 * 1024 };

static cx_err open_instance(struct host *host)
{
    struct cli *cli = host->cli;
    struct cx_str dir = CX_STR_NONE;
    CX_TRY(arena_copy_str(&cli->arena, status_data_dir(cli), &dir));
    char data[] = "--data";
    char *path = NULL;
    CX_TRY(ARENA_NEW_ARRAY(&cli->arena, dir.len + 1, &path));
    memcpy(path, dir.ptr, dir.len);
    path[dir.len] = '\0';
    char *argv[] = {data, path};
    CX_TRY(instance_open(2, argv, &cli->arena, &cli->diag, &host->instance));
    CX_TRY(layout_prepare(host->instance.dir, &host->instance.config, &cli->diag));
    if (layout_uid(&host->instance.config, 1) == 0)
        return CX_OK;
    /* As serve does: the keys process has a user of its own and must reach the folder. */
    char view[OS_PATH_MAX];
    CX_TRY(os_view_open(host->instance.dir.ptr, view, &cli->diag));
    return instance_move(&host->instance, view, &cli->arena);
}

static cx_err start_keys(struct host *host)
{
    int pair[2] = {-1, -1};
    CX_TRY(os_socketpair(pair));
    CX_AUTO_CLOSE int ours = pair[0];
    CX_AUTO_CLOSE int theirs = pair[1];
    struct cx_str dir = CX_STR_NONE;
    CX_TRY(arena_printf(&host->cli->arena, &dir, "%.*s", CX_STR_ARG(host->instance.dir)));
    const char *argv[] = {"certinext", "ceremony-keys", "--data", dir.ptr, NULL};
    const char *environment[2] = {NULL};
    /* From the configuration, as the supervisor does it: a ceremony must meet the token that serve will use. */
    if (host->instance.config.softhsm2_conf.len > 0) {
        struct cx_str text = CX_STR_NONE;
        CX_TRY(arena_printf(&host->cli->arena, &text, "SOFTHSM2_CONF=%.*s",
                            CX_STR_ARG(host->instance.config.softhsm2_conf)));
        environment[0] = text.ptr;
    }
    const struct os_fd_map fds[] = {{theirs, ROLE_KEYS_FD}};
    const struct os_spawn spec = {.path = OS_SELF,
                                  .argv = argv,
                                  .environment = environment,
                                  .fds = fds,
                                  .fd_count = 1,
                                  .death_signal = SIGKILL};
    CX_TRY(os_process_spawn(&spec, &host->keys_pid, &host->keys_pidfd, &host->cli->diag));
    CX_TRY(ceremony_client_new(CX_TAKE_FD(ours), &host->core.keys));
    struct keys_status status;
    close(CX_TAKE_FD(theirs)); /* so that its death is seen here */
    cx_err err = keys_get_status(host->core.keys, &status);
    if (cx_failed(err))
        return cx_refuse(&host->cli->diag, err, "data", "keys-process",
                         "The keys process did not start: its own message is above.");
    return CX_OK;
}

/* One ceremony at a time; the lock goes with the process. */
static cx_err lock_ceremonies(struct host *host)
{
    char path[OS_PATH_MAX];
    int fd = -1;
    CX_TRY(os_path(path, "%.*s/run/ceremony.lock", CX_STR_ARG(host->instance.dir)));
    cx_err err = os_lock(path, &fd); /* held until this process ends */
    if (err.code == CX_E_BUSY)
        return cx_refuse(&host->cli->diag, err, "data", "ceremony-lock",
                         "Another ceremony is under way on this instance.");
    return err;
}

static cx_err open_core(struct host *host, bool migrate)
{
    const struct config *config = &host->instance.config;
    const struct store_options options = {
        .url = config->database_url, .read_count = 1, .write_count = 1};
    host->core = (struct core){.options = {.data_dir = host->instance.dir,
                                           .database_url = config->database_url,
                                           .public_url = config->public_url,
                                           .status_url = config->status_url,
                                           .drill = host->instance.drill},
                               .clock = &host->clock,
                               .rng = &host->rng};
    cx_clock_system(&host->clock);
    cx_rng_system(&host->rng);
    CX_TRY(lock_ceremonies(host));
    CX_TRY(start_keys(host)); /* before the store starts its threads */
    if (migrate)
        CX_TRY(store_migrate(&options, &host->cli->diag));
    CX_TRY(store_open(&options, &host->cli->diag, &host->core.store));
    CX_TRY(issuer_cache_new(&host->core.issuers));
    CX_TRY(profile_cache_new(&host->core.profiles));
    return protect_new(&host->core, &host->core.protect);
}

static cx_err open_host(struct cli *cli, struct host *host, bool migrate)
{
    *host = (struct host){.cli = cli, .keys_pidfd = -1};
    umask(0022); /* modes are given where files are made */
    cx_log_init("host", CX_LOG_WARN);
    host->opened = true;
    cx_err err = open_instance(host);
    if (cx_is_ok(err))
        err = open_core(host, migrate);
    if (cx_failed(err))
        host_close(host);
    return err;
}

cx_err host_open(struct cli *cli, struct host *host)
{
    return open_host(cli, host, true);
}

cx_err host_open_to_look(struct cli *cli, struct host *host)
{
    return open_host(cli, host, false);
}

void host_close(struct host *host)
{
    if (!host->opened)
        return;
    host->opened = false;
    protect_free(host->core.protect);
    profile_cache_free(host->core.profiles);
    issuer_cache_free(host->core.issuers);
    store_close(host->core.store);
    keys_client_free(host->core.keys); /* its peer ends with the channel */
    if (host->keys_pidfd >= 0) {
        struct os_exit end;
        CX_IGNORE(os_process_reap(host->keys_pid, &end));
        close(host->keys_pidfd);
    }
    struct cx_diag diag = CX_DIAG_INIT;
    if (host->instance.dir.len > 0)
        CX_IGNORE(layout_prepare(host->instance.dir, &host->instance.config,
                                 &diag)); /* serve does it again */
}

cx_err host_tenant(struct host *host, struct cx_id *ret_tenant_id)
{
    struct cx_str name = CX_STR("default");
    if (cli_has(host->cli, "tenant"))
        CX_IGNORE(cli_get(host->cli, "tenant", &name) ? CX_OK : CX_ERR(INTERNAL));
    cx_err err = tenant_find(&host->core, name, ret_tenant_id);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(&host->cli->diag, err, "tenant", "", "There is no tenant named %.*s.",
                         CX_STR_ARG(name));
    return err;
}

int host_ceremony_main(int argc, char **argv)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(CEREMONY_ARENA_MAX);
    struct cx_diag diag = CX_DIAG_INIT;
    struct instance instance = {.arg_count = 0};
    struct stat st;
    cx_log_init("keys", CX_LOG_WARN);
    if (fstat(ROLE_KEYS_FD, &st) < 0 || !S_ISSOCK(st.st_mode) ||
        cx_failed(instance_open(argc, argv, &arena, &diag, &instance))) {
        fprintf(stderr, "certinext ceremony-keys: started by the commands on the host only\n");
        return 64;
    }
    const struct role_start start = {.kind = ROLE_KEYS,
                                     .data_dir = instance.dir,
                                     .control_fd = -1,
                                     .keys_fd = ROLE_KEYS_FD,
                                     .outbound_fd = -1,
                                     .uid =
                                         layout_uid(&instance.config, role_uid_offset(ROLE_KEYS)),
                                     .drill = instance.drill,
                                     .keys_worker_count = 1,
                                     .unlock_file = instance.config.unlock_file,
                                     .pkcs11_module = instance.config.pkcs11_module,
                                     .pkcs11_pin_file = instance.config.pkcs11_pin_file,
                                     .pkcs11_state_dir = instance.config.pkcs11_state_dir};
    return keys_ceremony_main(&start);
}
