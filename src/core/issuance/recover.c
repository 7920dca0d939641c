/*
 * What an open intent becomes after a crash. The journal of keys is the truth about signatures:
 *
 *   journal says   what is done
 *   signed         the certificate is compared and stored, as if keys had just answered
 *   intended       keys is told never to sign it (keys_abandon); the request waits again
 *   absent         the same: the request to sign may still be on its way
 *
 * A key that the server made lived only in the process that crashed: a certificate for it is stored revoked.
 */
#include "base/cleanup.h"
#include "base/log.h"
#include "core/core.h"
#include "core/field.h"
#include "core/issuance/intent_store.h"
#include "core/issuance/issue.h"
#include "core/issuance/worker.h"
#include "core/tenant/tenant_store.h"

enum { RECOVER_BATCH = 64, RECOVER_ARENA_MAX = 8 * 1024 * 1024, RUN_ARENA_MAX = 2 * 1024 * 1024 };

struct claim {
    struct cx_id tenant_id;
    cx_time now_us, lease_us;
    struct arena *arena;
    struct row_intent intents[RECOVER_BATCH];
    struct cx_id requests[RECOVER_BATCH];
    size_t count;
};

static cx_err claim_intents(struct store_tx *tx, void *arg)
{
    struct claim *claim = arg;
    return intent_claim_stale(tx, claim->tenant_id, claim->now_us, claim->lease_us, RECOVER_BATCH,
                              claim->arena, claim->intents, &claim->count);
}

static cx_err claim_requests(struct store_tx *tx, void *arg)
{
    struct claim *claim = arg;
    claim->count = 0;
    cx_err err = tenant_check_active(tx, claim->tenant_id);
    if (err.code == CX_E_NOTFOUND)
        return CX_OK; /* suspended: its requests wait */
    CX_TRY(err);
    return request_claim_due(tx, claim->tenant_id, claim->now_us, claim->lease_us, RECOVER_BATCH,
                             claim->requests, &claim->count);
}

/* The template as it was when the intent was stored. */
static cx_err load_intent(struct issuance *run, const struct row_intent *intent)
{
    struct field_place place = {run->tenant_id, "intent", "body", intent->intent_id};
    struct cx_bytes body = CX_BYTES_NONE;
    CX_TRY(issuance_load(run, intent->request_id));
    CX_TRY(field_open(run->core, place, intent->body, run->arena, &body));
    CX_TRY(issuance_body_parse(body, run->arena, &run->body));
    run->intent = *intent;
    run->tmpl = (struct pki_template){
        .profile = run->profile,
        .serial = intent->serial,
        .not_before_us = intent->not_before_us,
        .not_after_us = intent->not_after_us,
        .subject = run->body.subject,
        .subject_count = run->body.subject_count,
        .names = run->body.names,
        .name_count = run->body.name_count,
        .spki = run->body.spki,
    };
    return CX_OK;
}

static cx_err recover_intent(struct core *core, const struct row_intent *intent)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(RUN_ARENA_MAX);
    struct cx_diag diag = CX_DIAG_INIT;
    struct issuance run = {.core = core,
                           .arena = &arena,
                           .diag = &diag,
                           .tenant_id = intent->tenant_id,
                           .now_us = cx_now(core->clock)};
    enum keys_journal_state state = KEYS_JOURNAL_ABSENT;
    struct cx_bytes der = CX_BYTES_NONE;
    struct cx_id certificate_id;
    CX_TRY(load_intent(&run, intent));
    CX_TRY(keys_journal_find(core->keys, intent->intent_id, &arena, &state, &der));
    if (state != KEYS_JOURNAL_SIGNED) {
        cx_err err = keys_abandon(core->keys, intent->intent_id, &arena, &der);
        if (cx_is_ok(err))
            return issuance_release(&run, run.now_us);
        if (err.code != CX_E_CONFLICT) /* CX_E_CONFLICT: signed meanwhile, der is the certificate */
            return err;
    }
    return issuance_store(&run, der, run.request.server_key, &certificate_id);
}

static cx_err retry_request(struct core *core, struct cx_id tenant_id, struct cx_id request_id)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(RUN_ARENA_MAX);
    struct cx_diag diag = CX_DIAG_INIT;
    struct issuance run = {.core = core,
                           .arena = &arena,
                           .diag = &diag,
                           .tenant_id = tenant_id,
                           .now_us = cx_now(core->clock)};
    struct cx_id certificate_id;
    struct cx_bytes der = CX_BYTES_NONE;
    CX_TRY(issuance_load(&run, request_id));
    CX_TRY(issuance_start(&run));
    return issuance_finish(&run, &certificate_id, &der);
}

static void log_failure(cx_err err, const char *event, enum cx_id_type type, struct cx_id id)
{
    char text[CX_ID_TEXT_MAX];
    cx_id_format(type, id, text);
    if (cx_failed(err))
        cx_log_err(CX_LOG_WARN, err, event, "object", text, NULL);
}

cx_err issuance_recover_tenant(struct core *core, struct cx_id tenant_id)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(RECOVER_ARENA_MAX);
    cx_time now_us = cx_now(core->clock);
    CX_AUTO_FREE struct claim *claim = calloc(1, sizeof(*claim));
    if (!claim)
        return CX_ERR(NOMEM);
    claim->tenant_id = tenant_id;
    claim->now_us = now_us;
    claim->lease_us = now_us + ISSUANCE_LEASE_S * CX_US_PER_S;
    claim->arena = &arena;
    CX_TRY(store_write(core->store, claim_intents, claim));
    for (size_t i = 0; i < claim->count; i++)
        log_failure(recover_intent(core, &claim->intents[i]), "intent-not-recovered", CX_ID_INTENT,
                    claim->intents[i].intent_id);
    claim->now_us = cx_now(core->clock); /* what was freed above is due by now */
    CX_TRY(store_write(core->store, claim_requests, claim));
    for (size_t i = 0; i < claim->count; i++)
        log_failure(retry_request(core, tenant_id, claim->requests[i]), "request-not-issued",
                    CX_ID_REQUEST, claim->requests[i]);
    return CX_OK;
}
