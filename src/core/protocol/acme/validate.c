#include "core/protocol/acme/validate.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/fault.h"
#include "base/log.h"
#include "codec/base64.h"
#include "codec/json_write.h"
#include "core/field.h"
#include "core/protocol/acme/account_store.h"
#include "core/protocol/acme/caa.h"
#include "core/protocol/acme/directory_store.h"
#include "core/protocol/acme/nonce.h"
#include "core/protocol/acme/order_store.h"
#include "core/protocol/acme/validate_wait.h"
#include "core/tenant/tenant_store.h"
#include "os/worker.h"

#include <pthread.h>

enum {
    WORKERS = 8,
    QUEUE_MAX = 4096,
    PASS_PAUSE_MS = 1000,
    PRUNE_EVERY = 60, /* passes */
    CLAIM_MAX = 64,
    ARENA_MAX = 1024 * 1024,
    ERROR_MAX = 4096,
};

_Static_assert((int)ACME_HTTP_01 == (int)OUTBOUND_HTTP_01 &&
                   (int)ACME_DNS_01 == (int)OUTBOUND_DNS_01 &&
                   (int)ACME_DNS_ACCOUNT_01 == (int)OUTBOUND_DNS_ACCOUNT_01 &&
                   (int)ACME_TLS_ALPN_01 == (int)OUTBOUND_TLS_ALPN_01,
               "challenges are those of outbound/client.h");

struct job {
    struct cx_id tenant_id, authorization_id;
};

struct acme_validator {
    struct core *core;
    struct os_worker poller;
    unsigned polls; /* passes made */
    pthread_t workers[WORKERS];
    size_t worker_count;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
    struct job queue[QUEUE_MAX];
    size_t first, count;
    struct acme_waits waits; /* clients that ask meanwhile */
};

/* ---- one validation ---- */

struct validation {
    struct acme_call call; /* names directory and account for URLs; no request of a client */
    struct api_request request;
    struct acme_authorization authorization;
    enum acme_challenge challenge;
    struct outbound_verdict verdict;
    struct cx_str error; /* JSON; "": valid */
    cx_time now_us;
};

static cx_err read_validation(struct store_tx *tx, void *arg)
{
    struct validation *v = arg;
    struct arena *arena = v->request.arena;
    struct cx_id tenant_id = v->request.principal.tenant_id, directory_id;
    CX_TRY(acme_authorization_find(tx, tenant_id, (struct cx_id){{0}},
                                   v->authorization.authorization_id, arena, &v->authorization));
    CX_TRY(acme_account_directory(tx, tenant_id, v->authorization.account_id, &directory_id));
    CX_TRY(acme_directory_find(tx, directory_id, arena, &v->call.directory));
    return acme_account_find(tx, &v->call.directory, v->authorization.account_id, arena,
                             &v->call.account);
}

/* RFC 8555 §8.1: token "." base64url(thumbprint). */
static cx_err key_authorization(struct validation *v, struct cx_str *ret_text)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(OUTBOUND_KEY_AUTHORIZATION_MAX);
    CX_TRY(cx_buf_add_str(&out, v->authorization.token));
    CX_TRY(cx_buf_add_u8(&out, '.'));
    CX_TRY(base64url_encode(v->call.account.thumbprint, &out));
    return arena_copy_str(v->request.arena, (struct cx_str){(const char *)out.ptr, out.len},
                          ret_text);
}

static cx_err ask(struct validation *v)
{
    struct outbound_validation question = {
        .source_id = v->authorization.account_id,
        .kind = (enum outbound_challenge)v->challenge,
        .name = v->authorization.value,
        .is_ip = v->authorization.name.kind == PKI_NAME_IP,
        .token = v->authorization.token,
        .account_url = CX_STR(""),
        .timeout_ms = ACME_VALIDATION_TIMEOUT_S * 1000,
    };
    CX_TRY(key_authorization(v, &question.key_authorization));
    if (v->challenge == ACME_DNS_ACCOUNT_01)
        CX_TRY(acme_account_url(&v->call, v->authorization.account_id, &question.account_url));
    CX_TRY(outbound_validate(v->request.core->outbound, &question, v->request.arena,
                             v->request.diag, &v->verdict));
    if (v->verdict.problem != OUTBOUND_VALID)
        return CX_OK;
    return acme_caa_check(&v->call, &v->authorization, &v->verdict);
}

static cx_err write_error(struct validation *v, const char *type, struct cx_str text)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(ERROR_MAX);
    struct json_writer json = json_writer(&out);
    struct cx_str urn = CX_STR_NONE;
    CX_TRY(arena_printf(v->request.arena, &urn, "urn:ietf:params:acme:error:%s", type));
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_write_str(&json, "type", urn));
    CX_TRY(json_write_str(&json, "detail", text));
    CX_TRY(json_write_i64(&json, "status", 403));
    CX_TRY(json_end(&json));
    return arena_copy_str(v->request.arena, (struct cx_str){(const char *)out.ptr, out.len},
                          &v->error);
}

static cx_err write_result(struct store_tx *tx, void *arg)
{
    const struct validation *v = arg;
    struct cx_id tenant_id = v->request.principal.tenant_id;
    bool valid = v->error.len == 0;
    CX_TRY(acme_authorization_move(tx, tenant_id, v->authorization.authorization_id,
                                   ACME_AUTHORIZATION_PROCESSING,
                                   valid ? ACME_AUTHORIZATION_VALID : ACME_AUTHORIZATION_INVALID));
    cx_time life_us = v->call.directory.reuse_s * CX_US_PER_S;
    cx_time expires_us = v->authorization.expires_us;
    if (valid && v->now_us + life_us > expires_us)
        expires_us = v->now_us + life_us;
    return acme_authorization_end(tx, tenant_id, v->authorization.authorization_id, v->error,
                                  v->now_us, expires_us);
}

static cx_err record(struct validation *v)
{
    struct cx_str addresses = CX_STR_NONE;
    if (v->verdict.observation_count)
        addresses = v->verdict.observations[0].addresses;
    struct field_detail details[] = {
        {"name", v->authorization.value},
        {"challenge", v->authorization.challenge},
        {"addresses", addresses},
        {"problem", cx_str_from(outbound_problem_name(v->verdict.problem))},
        {"text", v->verdict.text.len ? v->verdict.text : CX_STR_NONE}};
    struct audit_event event = {.action = "system.acme.validate",
                                .outcome = v->error.len ? AUDIT_FAILED : AUDIT_DONE,
                                .tenant_id = v->request.principal.tenant_id,
                                .object_type = CX_ID_ACME_AUTHORIZATION,
                                .object_id = v->authorization.authorization_id};
    CX_TRY(field_details(v->request.arena, details, CX_COUNT_OF(details), &event.details));
    return audit_commit(v->request.core, &event, write_result, v);
}

static cx_err write_retry(struct store_tx *tx, void *arg)
{
    const struct validation *v = arg;
    int64_t wait_s =
        (int64_t)1 << (v->authorization.attempt_count < 6 ? v->authorization.attempt_count : 6);
    return acme_authorization_begin(tx, v->request.principal.tenant_id,
                                    v->authorization.authorization_id, v->challenge,
                                    v->now_us + wait_s * CX_US_PER_S);
}

/* Nothing is known: asked again some time later, and in the end given up. */
static cx_err unknown(struct validation *v, cx_err err)
{
    if ((err.code == CX_E_BUSY || err.code == CX_E_IO || err.code == CX_E_NOMEM) &&
        v->authorization.attempt_count < ACME_VALIDATION_ATTEMPTS)
        return store_write(v->request.core->store, write_retry, v);
    cx_log_err(CX_LOG_WARN, err, "acme validation given up", "text", v->request.diag->text, NULL);
    CX_TRY(write_error(v, "serverInternal",
                       v->request.diag->text[0]
                           ? cx_str_from(v->request.diag->text)
                           : CX_STR("The validation could not be carried out.")));
    return record(v);
}

static cx_err validate(struct core *core, const struct job *job)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(ARENA_MAX);
    struct cx_diag diag = CX_DIAG_INIT;
    struct validation v = {.request = {.core = core,
                                       .arena = &arena,
                                       .diag = &diag,
                                       .now_us = cx_now(core->clock),
                                       .principal = {.tenant_id = job->tenant_id}},
                           .authorization = {.authorization_id = job->authorization_id},
                           .error = CX_STR("")};
    v.call.request = &v.request;
    CX_TRY(store_read(core->store, read_validation, &v));
    if (v.authorization.state != ACME_AUTHORIZATION_PROCESSING)
        return CX_OK; /* another node was faster, or its owner deactivated it */
    if (!acme_challenge_from_name(v.authorization.challenge, &v.challenge))
        return CX_ERR(STORE);
    cx_fault_delay("acme-validate");
    cx_err asked = ask(&v);
    v.now_us = cx_now(core->clock);
    if (cx_failed(asked))
        return unknown(&v, asked);
    if (v.verdict.problem != OUTBOUND_VALID)
        CX_TRY(write_error(&v, outbound_problem_name(v.verdict.problem), v.verdict.text));
    return record(&v);
}

/* ---- threads ---- */

static bool take(struct acme_validator *validator, struct job *ret_job)
{
    pthread_mutex_lock(&validator->lock);
    while (!validator->stop && validator->count == 0)
        pthread_cond_wait(&validator->wake, &validator->lock);
    bool taken = !validator->stop;
    if (taken) {
        *ret_job = validator->queue[validator->first];
        validator->first = (validator->first + 1) % QUEUE_MAX;
        validator->count--;
    }
    pthread_mutex_unlock(&validator->lock);
    return taken;
}

static void *work(void *arg)
{
    struct acme_validator *validator = arg;
    struct job job;
    while (take(validator, &job)) {
        cx_err err = validate(validator->core, &job);
        /* CX_E_CONFLICT: decided meanwhile, by another node or by its owner */
        if (cx_failed(err) && err.code != CX_E_CONFLICT)
            cx_log_err(CX_LOG_WARN, err, "acme validation failed", NULL);
        acme_waits_tell(&validator->waits, job.authorization_id);
    }
    return NULL;
}

void acme_validate_soon(struct acme_validator *validator, struct cx_id tenant_id,
                        struct cx_id authorization_id)
{
    if (!validator)
        return;
    pthread_mutex_lock(&validator->lock);
    if (validator->count < QUEUE_MAX) {
        size_t at = (validator->first + validator->count++) % QUEUE_MAX;
        validator->queue[at] = (struct job){tenant_id, authorization_id};
        pthread_cond_signal(&validator->wake);
    }
    pthread_mutex_unlock(&validator->lock);
}

cx_err acme_validate_read(struct acme_call *call, struct cx_id authorization_id,
                          const struct acme_authorization *authorization, store_fn read, void *arg)
{
    struct acme_validator *validator = call->request->core->acme_validator;
    struct store *store = call->request->core->store;
    struct acme_wait wait;
    bool waits = validator && acme_wait_begin(&validator->waits, &wait, authorization_id);
    cx_err err = store_read(store, read, arg);
    if (waits && cx_is_ok(err) && authorization->state == ACME_AUTHORIZATION_PROCESSING) {
        acme_wait_until(&validator->waits, &wait, ACME_WAIT_MS);
        err = store_read(store, read, arg);
    }
    if (waits)
        acme_wait_end(&validator->waits, &wait);
    return err;
}

struct claim {
    struct cx_id tenant_id;
    cx_time now_us;
    bool prune;
    struct cx_id ids[CLAIM_MAX];
    size_t count;
};

static cx_err write_claim(struct store_tx *tx, void *arg)
{
    struct claim *claim = arg;
    claim->count = 0;
    if (claim->prune)
        CX_TRY(acme_nonce_prune(tx, claim->tenant_id, claim->now_us));
    return acme_authorization_claim(tx, claim->tenant_id, claim->now_us,
                                    claim->now_us + ACME_VALIDATION_LEASE_S * CX_US_PER_S,
                                    CLAIM_MAX, claim->ids, &claim->count);
}

struct due {
    struct cx_id tenant_id;
    cx_time now_us;
    bool any;
};

static cx_err read_due(struct store_tx *tx, void *arg)
{
    struct due *due = arg;
    return acme_authorization_due(tx, due->tenant_id, due->now_us, &due->any);
}

/* The writing pass runs only where there is something to write. */
static cx_err pass_tenant(struct acme_validator *validator, struct cx_id tenant_id, bool prune)
{
    struct core *core = validator->core;
    struct due due = {.tenant_id = tenant_id, .now_us = cx_now(core->clock)};
    struct claim claim = {.tenant_id = tenant_id, .now_us = due.now_us, .prune = prune};
    CX_TRY(store_read(core->store, read_due, &due));
    if (!due.any && !prune)
        return CX_OK;
    CX_TRY(store_write(core->store, write_claim, &claim));
    for (size_t i = 0; i < claim.count; i++)
        acme_validate_soon(validator, tenant_id, claim.ids[i]);
    return CX_OK;
}

static cx_err pass(struct acme_validator *validator, bool prune)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(ARENA_MAX);
    const struct cx_id *tenants = NULL;
    size_t count = 0;
    CX_TRY(tenant_each(validator->core, &arena, &tenants, &count));
    for (size_t i = 0; i < count; i++)
        CX_TRY(pass_tenant(validator, tenants[i], prune));
    return CX_OK;
}

static void poll_due(struct os_worker *thread, void *arg)
{
    struct acme_validator *validator = arg;
    (void)thread;
    cx_err err = pass(validator, validator->polls++ % PRUNE_EVERY == 0);
    if (cx_failed(err))
        cx_log_err(CX_LOG_WARN, err, "acme-pass-failed", NULL);
}

cx_err acme_validator_start(struct core *core, struct acme_validator **ret_validator)
{
    struct acme_validator *validator = calloc(1, sizeof(*validator));
    if (!validator)
        return CX_ERR(NOMEM);
    validator->core = core;
    acme_waits_init(&validator->waits);
    pthread_mutex_init(&validator->lock, NULL);
    pthread_cond_init(&validator->wake, NULL);
    while (validator->worker_count < WORKERS &&
           pthread_create(&validator->workers[validator->worker_count], NULL, work, validator) == 0)
        validator->worker_count++;
    const struct os_worker_options options = {poll_due, validator, PASS_PAUSE_MS, true};
    cx_err err =
        validator->worker_count > 0 ? os_worker_start(&validator->poller, &options) : CX_ERR(NOMEM);
    if (cx_failed(err)) {
        acme_validator_stop(validator);
        return err;
    }
    *ret_validator = validator;
    return CX_OK;
}

void acme_validator_stop(struct acme_validator *validator)
{
    if (!validator)
        return;
    os_worker_stop(&validator->poller);
    pthread_mutex_lock(&validator->lock);
    validator->stop = true;
    pthread_cond_broadcast(&validator->wake);
    pthread_mutex_unlock(&validator->lock);
    for (size_t i = 0; i < validator->worker_count; i++)
        pthread_join(validator->workers[i], NULL);
    pthread_cond_destroy(&validator->wake);
    pthread_mutex_destroy(&validator->lock);
    acme_waits_clear(&validator->waits);
    free(validator);
}
