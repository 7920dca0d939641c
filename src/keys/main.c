/* Order: prepare (unlock secret, PKCS#11 module) → sandbox → open (keys, journal) → ready → serve. */
#include "keys/main.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "keys/handlers.h"
#include "os/file.h"

enum { WORKERS_DEFAULT = 16, QUEUE_MAX = 1024, ARENA_MAX = 64 * 1024 * 1024 };

static int fail(cx_err err, const struct cx_diag *diag, const char *what)
{
    cx_log_err(CX_LOG_ERROR, err, what, "rule", diag->rule, "reason", diag->text, NULL);
    return 1;
}

static void take_channel(void *arg, enum role_kind peer, int fd)
{
    struct ipc_server *server = arg;
    if (peer == ROLE_CORE)
        ipc_server_replace(server, fd);
    else
        close(fd);
}

static cx_err prepare(struct signer *signer, const struct role_start *start, bool is_ceremony,
                      struct cx_diag *diag)
{
    char dir[OS_PATH_MAX], unlock[OS_PATH_MAX];
    CX_TRY(os_path(dir, "%.*s/keys", CX_STR_ARG(start->data_dir)));
    if (start->unlock_file.len > 0)
        CX_TRY(os_path(unlock, "%.*s", CX_STR_ARG(start->unlock_file)));
    else
        CX_TRY(os_path(unlock, "%s/unlock", dir));
    const struct signer_options options = {.dir = dir,
                                           .unlock_path = unlock,
                                           .pkcs11_module = start->pkcs11_module,
                                           .pkcs11_pin_file = start->pkcs11_pin_file,
                                           .is_drill = start->drill,
                                           .is_ceremony = is_ceremony};
    return signer_prepare(signer, &options, diag);
}

static void log_torn(const struct signer *signer)
{
    struct journal_stats stats;
    char len[24];
    journal_get_stats(signer->journal, &stats);
    if (stats.torn_len == 0)
        return;
    (void)snprintf(len, sizeof(len), "%llu", (unsigned long long)stats.torn_len);
    cx_log(CX_LOG_WARN, "the journal ended in a torn record, which was cut off", "octets", len,
           NULL);
}

static cx_err serve(struct signer *signer, const struct role_start *start,
                    const struct sandbox_report *report)
{
    const struct ipc_server_options options = {
        .fd = start->keys_fd,
        .direction = IPC_CORE_TO_KEYS,
        .routes = keys_routes,
        .route_count = keys_route_count,
        .arg = signer,
        .state = IPC_STATE_SERVING,
        .worker_count = start->keys_worker_count != 0 ? start->keys_worker_count : WORKERS_DEFAULT,
        .queue_max = QUEUE_MAX,
        .arena_max = ARENA_MAX};
    struct ipc_server *server = NULL;
    CX_TRY(ipc_server_new(&options, &server));
    const struct role_handlers handlers = {take_channel, server};
    cx_err err = role_ready(start, report);
    if (cx_is_ok(err))
        err = role_loop(start, &handlers);
    ipc_server_free(server);
    return err;
}

int keys_main(const struct role_start *start)
{
    CX_CLEANUP(signer_close) struct signer signer = {.dir = {0}};
    struct cx_diag diag = CX_DIAG_INIT;
    struct sandbox_report report;
    cx_err err = prepare(&signer, start, false, &diag);
    if (cx_failed(err))
        return fail(err, &diag, "the keys process cannot start");
    err = role_enter(start, &report, &diag);
    if (cx_failed(err))
        return fail(err, &diag, "the sandbox cannot be entered");
    err = signer_open(&signer, &diag);
    if (cx_failed(err))
        return fail(err, &diag, "the key directory cannot be opened");
    log_torn(&signer);
    err = serve(&signer, start, &report);
    return cx_is_ok(err) ? 0 : fail(err, &diag, "the keys process ends");
}

int keys_ceremony_main(const struct role_start *start)
{
    CX_CLEANUP(signer_close) struct signer signer = {.dir = {0}};
    struct cx_diag diag = CX_DIAG_INIT;
    struct sandbox_report report;
    cx_err err = prepare(&signer, start, true, &diag);
    if (cx_is_ok(err))
        err = role_enter(start, &report, &diag);
    if (cx_is_ok(err))
        err = signer_open(&signer, &diag);
    if (cx_failed(err))
        return fail(err, &diag, "the ceremony cannot start");
    const struct ipc_server_options options = {.fd = start->keys_fd,
                                               .direction = IPC_CORE_TO_KEYS,
                                               .routes = ceremony_routes,
                                               .route_count = ceremony_route_count,
                                               .arg = &signer,
                                               .state = IPC_STATE_CEREMONY,
                                               .worker_count = 1};
    struct ipc_server *server = NULL;
    err = ipc_server_new(&options, &server);
    if (cx_failed(err))
        return fail(err, &diag, "the ceremony cannot start");
    ipc_server_wait_closed(server);
    ipc_server_free(server);
    return 0;
}
