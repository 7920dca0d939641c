/*
 * The end of every tenant's log, checked as an auditor would: an export of the last entries, verified with the key that the
 * keys process derives, not with what the database says of itself.
 */
#include "host/host.h"

#include "base/cleanup.h"
#include "cli/doctor.h"
#include "core/audit/export.h"
#include "core/audit/verify.h"
#include "core/tenant/tenant.h"
#include "host/doctor_mailbox.h"
#include "host/doctor_state.h"

#include <inttypes.h>

enum { TAIL_ENTRIES = 1000, TAIL_EXPORT_MAX = 16 * 1024 * 1024 };

static cx_err export_tail(struct host *host, struct cx_id tenant_id, uint64_t from,
                          struct cx_buf *out)
{
    struct audit_export *tail = NULL;
    bool done = false;
    CX_TRY(audit_export_start(&host->core, tenant_id, from, TAIL_ENTRIES, &host->cli->arena,
                              &host->cli->diag, &tail));
    while (!done)
        CX_TRY(audit_export_next(tail, out, &done));
    return CX_OK;
}

static cx_err check_tail(struct host *host, struct cx_id tenant_id,
                         struct audit_verify_result *ret_result)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(TAIL_EXPORT_MAX);
    struct audit_latest latest;
    CX_TRY(audit_latest_checkpoint(&host->core, tenant_id, &host->cli->arena, &latest));
    const uint64_t from = latest.size > TAIL_ENTRIES ? latest.size - TAIL_ENTRIES : 0;
    const struct audit_verify_options options = {.vkey = latest.vkey};
    CX_TRY(export_tail(host, tenant_id, from, &text));
    return audit_verify(cx_buf_view(&text), &options, &host->cli->diag, ret_result);
}

static void say_tenant(struct doctor *doctor, struct host *host, const struct tenant_listed *tenant)
{
    struct audit_verify_result result;
    host->cli->diag = CX_DIAG_INIT;
    cx_err err = check_tail(host, tenant->tenant_id, &result);
    if (cx_is_ok(err))
        doctor_say(doctor, VERDICT_OK, "audit", "%.*s: entries %" PRIu64 " to %" PRIu64 " verified",
                   CX_STR_ARG(tenant->name), result.from, result.size - 1);
    else if (err.code == CX_E_NOTFOUND)
        doctor_say(
            doctor, VERDICT_WARN, "audit",
            "%.*s: the log has no checkpoint yet; core signs one within seconds of its start.",
            CX_STR_ARG(tenant->name));
    else if (err.code == CX_E_CRYPTO || err.code == CX_E_PARSE)
        doctor_say(doctor, VERDICT_FAIL, "audit",
                   "%.*s: the log was altered (%s %s): keep the disk as it is and see "
                   "docs/threat-model.md.",
                   CX_STR_ARG(tenant->name), host->cli->diag.rule, host->cli->diag.field);
    else
        doctor_say(doctor, VERDICT_WARN, "audit", "%.*s: the log could not be read: %s",
                   CX_STR_ARG(tenant->name), host->cli->diag.text);
}

void host_doctor(struct doctor *doctor)
{
    CX_CLEANUP(host_close) struct host host = {.opened = false};
    struct cli *cli = doctor_cli(doctor);
    const struct cx_diag before = cli->diag;
    struct tenant_listed *tenants = NULL;
    size_t count = 0;
    cx_err err = host_open_to_look(cli, &host);
    if (cx_is_ok(err))
        err = tenant_list(&host.core, &cli->arena, &tenants, &count);
    if (cx_failed(err))
        doctor_say(doctor, VERDICT_WARN, "audit",
                   "The log could not be opened, run doctor as the user that made the instance: %s",
                   cli->diag.text);
    for (size_t i = 0; i < count; i++) {
        say_tenant(doctor, &host, &tenants[i]);
        host_doctor_state(doctor, &host, tenants[i].tenant_id, tenants[i].name);
        host_doctor_mailbox(doctor, &host, tenants[i].tenant_id, tenants[i].name);
    }
    cli->diag = before;
}
