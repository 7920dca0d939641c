#include "core/status/presign.h"
#include "base/cleanup.h"
#include "base/fault.h"
#include "base/log.h"
#include "core/core.h"
#include "core/issuance/issuer.h"
#include "core/status/ocsp.h"
#include "core/tenant/tenant_store.h"
#include "os/worker.h"

enum {
    PRESIGN_SCAN_MAX =
        512, /* certificates looked at for a batch: most have expired or their answer */
    PRESIGN_ARENA_MAX = 1024 * 1024,
};

struct batch {
    struct core *core;
    struct arena *arena;
    struct cx_id tenant_id, issuer_id;
    cx_time now_us;
    struct presign_responder before, after;
    struct presign_due due[KEYS_OCSP_BATCH_MAX];
    size_t due_count, scanned;
    struct keys_revoked asked[KEYS_OCSP_BATCH_MAX]; /* the due that have not expired */
    struct cx_id asked_id[KEYS_OCSP_BATCH_MAX];
    struct keys_ocsp_signed answers[KEYS_OCSP_BATCH_MAX];
    size_t asked_count;
    cx_time this_update_us;
};

static cx_err read_due(struct store_tx *tx, void *arg)
{
    struct batch *it = arg;
    size_t renewed = 0, walked = 0;
    CX_TRY(presign_responder_find(tx, it->tenant_id, it->issuer_id, it->arena, &it->before));
    it->after = it->before;
    if (it->after.generation == 0)
        it->after.generation = 1;
    CX_TRY(presign_due(tx, it->tenant_id, it->issuer_id, it->now_us, KEYS_OCSP_BATCH_MAX, it->due,
                       &renewed));
    CX_TRY(presign_walk(tx, it->tenant_id, it->issuer_id, it->now_us,
                        it->now_us - PRESIGN_LAG_S * CX_US_PER_S, PRESIGN_SCAN_MAX,
                        KEYS_OCSP_BATCH_MAX - renewed, &it->after, it->due + renewed, &walked,
                        &it->scanned));
    it->due_count = renewed + walked;
    return CX_OK;
}

/* One that cannot be read has no key in common with anything. */
static bool has_key(struct cx_bytes certificate_der, struct cx_bytes spki)
{
    struct pki_certificate certificate;
    return cx_is_ok(pki_certificate_parse(certificate_der, NULL, &certificate)) &&
           cx_bytes_eq(certificate.spki, spki);
}

static void start_again(struct presign_responder *responder)
{
    responder->generation++;
    responder->walked_us = 0;
    responder->walked_id = (struct cx_id){{0}};
}

static cx_err sign(struct batch *it)
{
    struct cx_bytes certificate_der = CX_BYTES_NONE;
    struct pki_certificate certificate;
    for (size_t i = 0; i < it->due_count; i++)
        if (!it->due[i].expired) {
            it->asked_id[it->asked_count] = it->due[i].certificate_id;
            it->asked[it->asked_count++] = it->due[i].status;
        }
    if (it->asked_count == 0)
        return CX_OK;
    it->this_update_us = it->now_us - it->now_us % CX_US_PER_S;
    const struct keys_ocsp_batch ask = {it->this_update_us,
                                        it->this_update_us + OCSP_LIFE_S * CX_US_PER_S, it->asked,
                                        it->asked_count};
    CX_TRY(keys_presign_ocsp(it->core->keys, it->tenant_id, it->issuer_id, &ask, it->arena,
                             &certificate_der, it->answers));
    CX_TRY(pki_certificate_parse(certificate_der, NULL, &certificate));
    if (it->before.certificate.len > 0 && !has_key(it->before.certificate, certificate.spki))
        start_again(&it->after);
    it->after.certificate = certificate_der;
    return CX_OK;
}

static cx_err write_batch(struct store_tx *tx, void *arg)
{
    const struct batch *it = arg;
    CX_TRY(presign_responder_set(tx, it->tenant_id, it->issuer_id, &it->before, &it->after));
    for (size_t i = 0; i < it->due_count; i++)
        if (it->due[i].expired)
            CX_TRY(presign_answer_remove(tx, it->tenant_id, it->due[i].certificate_id));
    for (size_t i = 0; i < it->asked_count; i++) {
        const struct presign_answer answer = {
            .tenant_id = it->tenant_id,
            .certificate_id = it->asked_id[i],
            .issuer_id = it->issuer_id,
            .generation = it->after.generation,
            .revoked_us = it->asked[i].revoked_us,
            .this_update_us = it->this_update_us,
            .next_update_us = it->this_update_us + OCSP_LIFE_S * CX_US_PER_S,
            .renew_us = it->this_update_us + OCSP_RENEW_S * CX_US_PER_S,
            .data = it->answers[i].data,
            .signature = it->answers[i].signature};
        CX_TRY(presign_answer_put(tx, &answer));
    }
    return CX_OK;
}

static cx_err run_batch(struct core *core, struct cx_id tenant_id, struct cx_id issuer_id,
                        bool *ret_more)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(PRESIGN_ARENA_MAX);
    struct batch *it = NULL;
    *ret_more = false;
    CX_TRY(ARENA_NEW(&arena, &it));
    it->core = core;
    it->arena = &arena;
    it->tenant_id = tenant_id;
    it->issuer_id = issuer_id;
    it->now_us = cx_now(core->clock);
    CX_TRY(store_read(core->store, read_due, it));
    if (it->due_count == 0 && it->scanned == 0)
        return CX_OK;
    cx_err err = sign(it);
    if (err.code ==
        CX_E_NOTFOUND) /* the responder has no certificate yet, or its issuer may not have one */
        return CX_OK;
    CX_TRY(err);
    cx_fault_point("ocsp-presigned");
    err = store_write(core->store, write_batch, it);
    if (err.code == CX_E_CONFLICT) /* another node did it */
        return CX_OK;
    *ret_more = it->due_count == KEYS_OCSP_BATCH_MAX || it->scanned == PRESIGN_SCAN_MAX;
    return err;
}

cx_err presign_issuer(struct core *core, struct cx_id tenant_id, struct cx_id issuer_id,
                      bool *ret_more)
{
    *ret_more = true;
    for (int i = 0; i < PRESIGN_BATCHES && *ret_more; i++)
        CX_TRY(run_batch(core, tenant_id, issuer_id, ret_more));
    return CX_OK;
}

static cx_err presign_tenant(struct core *core, struct cx_id tenant_id,
                             const struct os_worker *worker)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(PRESIGN_ARENA_MAX);
    const struct issuer_entry **issuers = NULL;
    size_t count = 0;
    bool more = false;
    cx_err first = CX_OK;
    CX_TRY(issuer_each(core, tenant_id, &arena, &issuers, &count));
    for (size_t i = 0; i < count && !os_worker_stopping(worker); i++) {
        cx_err err = presign_issuer(core, tenant_id, issuers[i]->issuer_id, &more);
        if (cx_is_ok(first))
            first = err;
    }
    return first;
}

static cx_err presign_all(struct core *core, const struct os_worker *worker)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(PRESIGN_ARENA_MAX);
    const struct cx_id *tenants = NULL;
    size_t count = 0;
    cx_err first = CX_OK;
    CX_TRY(tenant_each(core, &arena, &tenants, &count));
    for (size_t i = 0; i < count && !os_worker_stopping(worker); i++) {
        cx_err err = presign_tenant(core, tenants[i], worker);
        if (cx_is_ok(first))
            first = err;
    }
    return first;
}

void presign_pass(struct core *core, const struct os_worker *worker)
{
    cx_err err = presign_all(core, worker);
    if (cx_failed(err))
        cx_log_err(CX_LOG_WARN, err, "ocsp-presign-failed", NULL);
}

static cx_err read_responder(struct store_tx *tx, void *arg)
{
    struct batch *it = arg;
    return presign_responder_find(tx, it->tenant_id, it->issuer_id, it->arena, &it->before);
}

cx_err presign_key(struct core *core, struct cx_id tenant_id, struct cx_id issuer_id,
                   struct cx_bytes spki, bool *ret_changed)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(PRESIGN_ARENA_MAX);
    struct batch *it = NULL;
    *ret_changed = false;
    CX_TRY(ARENA_NEW(&arena, &it));
    it->arena = &arena;
    it->tenant_id = tenant_id;
    it->issuer_id = issuer_id;
    CX_TRY(store_read(core->store, read_responder, it));
    if (it->before.certificate.len == 0 || has_key(it->before.certificate, spki))
        return CX_OK;
    it->after = it->before;
    start_again(&it->after);
    it->after.certificate = CX_BYTES("", 0);
    CX_TRY(store_write(core->store, write_batch, it));
    *ret_changed = true;
    return CX_OK;
}
