#include "core/status/status.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "core/core.h"
#include "core/status/presign.h"
#include "core/status/status_internal.h"
#include "core/tenant/tenant_store.h"

enum {
    STATUS_ARENA_MAX = 1024 * 1024,
    STATUS_PAUSE_MS = 1000,
    STATUS_RESPONDER_PAUSE_S = 10, /* between looks at the responders */
    /* After one that failed, doubling: keys is usually back within a second, and without its responder an issuer
     * has no OCSP; but each try may issue a certificate. */
    STATUS_RESPONDER_RETRY_MIN_S = 1,
    STATUS_RESPONDER_RETRY_MAX_S = 60,
    STATUS_OVERLAP_S = 10, /* clocks of nodes differ by less */
};

static void keep(cx_err *first, cx_err err)
{
    if (cx_is_ok(*first))
        *first = err;
}

/* What fails at one step does not keep the others from their work. */
static cx_err publish_tenant(struct status_service *service, struct cx_id tenant_id)
{
    cx_err first = CX_OK;
    bool more = true;
    while (more && !os_worker_stopping(&service->publisher) && cx_is_ok(first))
        first = publish_due(service, tenant_id, &more);
    keep(&first, publish_files_since(service, tenant_id, service->seen_us));
    keep(&first, publish_issuers(service, tenant_id));
    return first;
}

static void report(cx_err err, const char *event)
{
    if (cx_failed(err))
        cx_log_err(CX_LOG_WARN, err, event, NULL);
}

static int64_t responder_pause_s(struct status_service *service, bool renewed)
{
    int64_t retry_s = service->responder_retry_s;
    if (renewed) {
        service->responder_retry_s = STATUS_RESPONDER_RETRY_MIN_S;
        return STATUS_RESPONDER_PAUSE_S;
    }
    service->responder_retry_s =
        retry_s * 2 < STATUS_RESPONDER_RETRY_MAX_S ? retry_s * 2 : STATUS_RESPONDER_RETRY_MAX_S;
    return retry_s;
}

static cx_err pass(struct status_service *service)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(STATUS_ARENA_MAX);
    const struct cx_id *tenants = NULL;
    size_t count = 0;
    cx_time now_us = cx_now(service->core->clock);
    bool responders = now_us >= service->responder_us;
    bool complete = true, renewed = true;
    CX_TRY(tenant_each(service->core, &arena, &tenants, &count));
    for (size_t i = 0; i < count && !os_worker_stopping(&service->publisher); i++) {
        cx_err err = publish_tenant(service, tenants[i]);
        complete = complete && cx_is_ok(err);
        report(err, "status-pass-failed");
        if (responders && cx_failed(responder_renew(service, tenants[i])))
            renewed = false;
    }
    if (complete)
        service->seen_us = now_us - STATUS_OVERLAP_S * CX_US_PER_S;
    if (responders)
        service->responder_us = now_us + responder_pause_s(service, renewed) * CX_US_PER_S;
    return CX_OK;
}

static void run(struct os_worker *thread, void *arg)
{
    (void)thread;
    report(pass(arg), "status-pass-failed");
}

static void service_free(struct status_service *service)
{
    ocsp_cache_free(service->ocsp);
    cx_map_clear(&service->refused, free);
    cx_map_clear(&service->written, NULL);
    free(service);
}

static cx_err service_new(struct core *core, struct status_service **ret_service)
{
    struct status_service *service = calloc(1, sizeof(*service));
    if (!service)
        return CX_ERR(NOMEM);
    service->core = core;
    service->responder_retry_s = STATUS_RESPONDER_RETRY_MIN_S;
    service->refused = CX_MAP_INIT(ISSUER_CACHE_MAX);
    service->written = CX_MAP_INIT(STATUS_WRITTEN_MAX);
    cx_err err = ocsp_cache_new(&service->ocsp);
    if (cx_failed(err)) {
        service_free(service);
        return err;
    }
    *ret_service = service;
    return CX_OK;
}

static void presign(struct os_worker *thread, void *arg)
{
    const struct status_service *service = arg;
    presign_pass(service->core, thread);
}

cx_err status_start(struct core *core, struct status_service **ret_service)
{
    struct status_service *service = NULL;
    CX_TRY(service_new(core, &service));
    core->status = service;
    const struct os_worker_options publishing = {run, service, STATUS_PAUSE_MS, false};
    const struct os_worker_options presigning = {presign, service, STATUS_PAUSE_MS, false};
    cx_err err = os_worker_start(&service->publisher, &publishing);
    if (cx_is_ok(err))
        err = os_worker_start(&service->presigner, &presigning);
    if (cx_failed(err)) {
        status_stop(service);
        return err;
    }
    *ret_service = service;
    return CX_OK;
}

void status_stop(struct status_service *service)
{
    if (!service)
        return;
    os_worker_stop(&service->publisher);
    os_worker_stop(&service->presigner);
    service->core->status = NULL;
    service_free(service);
}

void status_changed(struct core *core, const struct certificate_row *certificate)
{
    if (!core->status)
        return;
    ocsp_cache_drop(core->status->ocsp, certificate->issuer_id, certificate->serial);
    os_worker_poke(&core->status->publisher);
}

void status_changed_issuer(struct core *core, struct cx_id issuer_id)
{
    if (!core->status)
        return;
    ocsp_cache_drop_issuer(core->status->ocsp, issuer_id);
    os_worker_poke(&core->status->publisher);
}
