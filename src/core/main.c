/*
 * Core from its start to its end. Sockets are bound before the sandbox, everything with a thread is made after it, and
 * nothing answers before what a crash left open is settled. Parts stop in the reverse order of their start.
 */
#include "core/main.h"

#include "api_routes.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "core/api/denials.h"
#include "core/access/adopt.h"
#include "core/access/rights_cache.h"
#include "core/api/memory.h"
#include "core/api/server.h"
#include "core/change/change.h"
#include "core/change/worker.h"
#include "core/federation/oidc_cache.h"
#include "core/incident/rule_set.h"
#include "core/governance/pack.h"
#include "core/incident/worker.h"
#include "core/authentication/password_pool.h"
#include "core/issuance/issuer.h"
#include "core/issuance/worker.h"
#include "core/letter/worker.h"
#include "core/intake/worker.h"
#include "core/notify/template.h"
#include "core/notify/worker.h"
#include "core/oncall/worker.h"
#include "core/tracker/worker.h"
#include "core/policy/profile_store.h"
#include "core/protect/protect.h"
#include "core/protocol/acme/nonce_set.h"
#include "core/protocol/acme/validate.h"
#include "core/review/worker.h"
#include "core/status/status.h"
#include "core/system/clock.h"
#include "crypto/key_lists.h"
#include "os/file.h"
#include "os/socket.h"
#include "outbound/client.h"

#include <unistd.h>

enum { LOCAL_CONNECTIONS = 16 };

struct running {
    const struct role_start *start;
    struct core core;
    struct cx_clock clock;
    struct cx_rng rng;
    char public_path[OS_PATH_MAX];
    int gate_fd, local_fd;
    struct api_server *gate, *local;
    bool ready;
};

static const struct api_table table = {api_operations, api_handlers, API_OP_COUNT};

static cx_err open_sockets(struct running *run, struct cx_diag *diag)
{
    const struct role_start *start = run->start;
    char gate[OS_PATH_MAX], local[OS_PATH_MAX];
    uid_t owner = start->uid ? (uid_t)start->uid : (uid_t)-1;
    gid_t group = start->gate_gid ? (gid_t)start->gate_gid : (gid_t)-1;
    CX_TRY(os_path(gate, "%.*s/run/core.sock", CX_STR_ARG(start->data_dir)));
    CX_TRY(os_path(local, "%.*s/run/local.sock", CX_STR_ARG(start->data_dir)));
    cx_err err = os_unix_listen(gate, start->gate_gid ? 0660 : 0600, owner, group, &run->gate_fd);
    if (cx_is_ok(err))
        err = os_unix_listen(local, 0600, owner, (gid_t)-1, &run->local_fd);
    return cx_failed(err) ? cx_refuse(diag, err, "", "", "the sockets in %.*s/run cannot be made",
                                      CX_STR_ARG(start->data_dir))
                          : CX_OK;
}

static cx_err open_store(struct running *run, struct cx_diag *diag)
{
    const struct store_options options = {.url = run->start->database_url};
    CX_TRY(store_migrate(&options, diag));
    return store_open(&options, diag, &run->core.store);
}

static cx_err open_key_lists(struct running *run)
{
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%.*s/key-lists", CX_STR_ARG(run->start->data_dir)));
    return crypto_key_lists_new(path, &run->core.key_lists);
}

static cx_err start_parts(struct running *run, struct cx_diag *diag)
{
    struct core *core = &run->core;
    CX_TRY(open_key_lists(run));
    CX_TRY(rule_set_new(rule_texts, rule_text_count, diag, &core->rules));
    CX_TRY(keys_client_new(run->start->keys_fd, &core->keys));
    CX_TRY(outbound_client_new(run->start->outbound_fd, &core->outbound));
    CX_TRY(system_clock_load(core));
    cx_err told = system_clock_tell_keys(
        core); /* keys may be starting still: then its channel event tells it */
    if (cx_failed(told))
        cx_log_err(CX_LOG_WARN, told, "keys was not told the clock yet", NULL);
    CX_TRY(protect_new(core, &core->protect));
    CX_TRY(issuer_cache_new(&core->issuers));
    CX_TRY(profile_cache_new(&core->profiles));
    CX_TRY(access_cache_new(&core->access));
    CX_TRY(denial_log_new(&core->denials));
    CX_TRY(access_adopt(core));
    CX_TRY(password_pool_new(&core->passwords));
    CX_TRY(oidc_cache_new(&core->oidc));
    CX_TRY(audit_start(core, &core->audit));
    CX_TRY(change_adopt(core));
    CX_TRY(status_start(core, &core->status));
    CX_TRY(issuance_worker_start(core, &core->issuance));
    CX_TRY(incident_worker_start(core, &core->incidents));
    CX_TRY(revocation_worker_start(core, &core->revocations));
    CX_TRY(governance_worker_start(core, &core->governance));
    CX_TRY(review_worker_start(core, &core->reviews));
    CX_TRY(change_worker_start(core, &core->changes));
    CX_TRY(notice_templates_new(notice_text_files, notice_text_file_count, diag,
                                &core->notice_templates));
    CX_TRY(notice_worker_start(core, &core->notices));
    CX_TRY(letter_worker_start(core, &core->letters));
    CX_TRY(oncall_worker_start(core, &core->pages));
    CX_TRY(oncall_letter_worker_start(core, &core->page_letters));
    CX_TRY(tracker_worker_start(core, &core->trackers));
    CX_TRY(intake_worker_start(core, &core->intake));
    CX_TRY(nonce_set_new(&core->acme_nonces));
    return acme_validator_start(core, &core->acme_validator);
}

static cx_err start_servers(struct running *run, struct cx_diag *diag)
{
    const struct role_start *start = run->start;
    uid_t gate_uid = start->uid
                         ? start->uid - role_uid_offset(ROLE_CORE) + role_uid_offset(ROLE_GATE)
                         : geteuid();
    const struct api_server_options gate = {.core = &run->core,
                                            .table = &table,
                                            .listen_fd = run->gate_fd,
                                            .gate = true,
                                            .peers = {gate_uid, geteuid()},
                                            .peer_count = 2,
                                            .connection_max = start->thread_count};
    const struct api_server_options local = {.core = &run->core,
                                             .table = &table,
                                             .listen_fd = run->local_fd,
                                             .peers = {0, geteuid()},
                                             .peer_count = 2,
                                             .connection_max = LOCAL_CONNECTIONS};
    CX_TRY(api_server_start(&gate, diag, &run->gate));
    run->gate_fd = -1;
    CX_TRY(api_server_start(&local, diag, &run->local));
    run->local_fd = -1;
    return CX_OK;
}

static void stop(struct running *run)
{
    struct core *core = &run->core;
    api_server_stop(run->gate);
    api_server_stop(run->local);
    acme_validator_stop(core->acme_validator);
    nonce_set_free(core->acme_nonces);
    status_stop(
        core->status); /* before the worker, whom its responders' certificates are told to */
    tenant_worker_stop(core->changes);
    tenant_worker_stop(core->letters);
    tenant_worker_stop(core->page_letters);
    tenant_worker_stop(core->pages);
    tenant_worker_stop(core->trackers);
    tenant_worker_stop(core->intake);
    tenant_worker_stop(core->notices);
    tenant_worker_stop(core->reviews);
    tenant_worker_stop(core->revocations);
    tenant_worker_stop(core->incidents);
    tenant_worker_stop(core->governance);
    issuance_worker_stop(core->issuance);
    if (core->audit)
        audit_stop(core->audit);
    access_cache_free(core->access);
    denial_log_free(core->denials);
    rule_set_free(core->rules);
    notice_templates_free(core->notice_templates);
    oidc_cache_free(core->oidc);
    password_pool_free(core->passwords);
    profile_cache_free(core->profiles);
    issuer_cache_free(core->issuers);
    protect_free(core->protect);
    crypto_key_lists_free(core->key_lists);
    outbound_client_free(core->outbound);
    keys_client_free(core->keys);
    store_close(core->store);
    cx_closep(&run->gate_fd);
    cx_closep(&run->local_fd);
}

static void on_channel(void *arg, enum role_kind peer, int fd)
{
    struct running *run = arg;
    CX_AUTO_CLOSE int owned = fd;
    if (peer == ROLE_OUTBOUND)
        outbound_client_reconnect(run->core.outbound, CX_TAKE_FD(owned));
    if (peer != ROLE_KEYS)
        return;
    keys_client_reconnect(run->core.keys, CX_TAKE_FD(owned));
    cx_err err = system_clock_tell_keys(&run->core);
    if (cx_failed(err))
        cx_log_err(CX_LOG_ERROR, err, "keys was not told the clock", NULL);
}

static cx_err serve(struct running *run, struct cx_diag *diag)
{
    struct sandbox_report report = {.layers = ""};
    CX_TRY(open_sockets(run, diag));
    CX_TRY(role_enter(run->start, &report, diag));
    CX_TRY(open_store(run, diag));
    CX_TRY(start_parts(run, diag));
    CX_TRY(role_ready(run->start, &report));
    run->ready = true;
    CX_TRY(start_servers(run, diag));
    const struct role_handlers handlers = {on_channel, run};
    return role_loop(run->start, &handlers);
}

int core_main(const struct role_start *start)
{
    static struct running run; /* threads hold pointers into it until stop */
    struct cx_diag diag = CX_DIAG_INIT;
    run = (struct running){.start = start, .gate_fd = -1, .local_fd = -1};
    cx_clock_system(&run.clock);
    cx_rng_system(&run.rng);
    api_memory_wipe_on_free();
    cx_err err = os_path(run.public_path, "%.*s/public", CX_STR_ARG(start->data_dir));
    run.core = (struct core){.clock = &run.clock,
                             .rng = &run.rng,
                             .options = {.data_dir = start->data_dir,
                                         .database_url = start->database_url,
                                         .public_dir = cx_str_from(run.public_path),
                                         .public_url = start->public_url,
                                         .status_url = start->status_url,
                                         .smtp_from = start->smtp_from,
                                         .drill = start->drill,
                                         .thread_count = start->thread_count}};
    if (cx_is_ok(err))
        err = serve(&run, &diag);
    stop(&run);
    if (cx_is_ok(err))
        return 0;
    cx_log_err(CX_LOG_ERROR, err, "core ends", "field", diag.field, "reason", diag.text, NULL);
    /* A database that is away comes back; a schema that is newer does not become older. */
    bool hopeless = !run.ready && (err.code == CX_E_CONFLICT || err.code == CX_E_POLICY ||
                                   err.code == CX_E_PARSE);
    return hopeless ? ROLE_EXIT_REFUSED : 1;
}
