#include "core/issuance/issue.h"
#include "base/fault.h"
#include "base/log.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"
#include "core/issuance/certificate_store.h"
#include "core/issuance/intent_store.h"
#include "core/issuance/worker.h"
#include "core/policy/block.h"
#include "core/policy/decide.h"
#include "core/policy/profile_store.h"
#include "core/status/status_store.h"
#include "crypto/hash.h"
#include "keys/client.h"

struct load {
    struct issuance *run;
    struct cx_id request_id;
};

static cx_err read_request(struct store_tx *tx, void *arg)
{
    struct load *load = arg;
    struct issuance *run = load->run;
    return request_find(tx, run->tenant_id, load->request_id, run->arena, &run->request);
}

cx_err issuance_load_row(struct issuance *run)
{
    const struct request_row *request = &run->request;
    const struct profile_entry *entry = NULL;
    struct field_place place = {run->tenant_id, "request", "body", request->request_id};
    struct cx_bytes body = CX_BYTES_NONE;
    CX_TRY(profile_get(run->core, run->tenant_id, request->profile_name, request->profile_version,
                       &entry));
    CX_TRY(issuer_get(run->core, run->tenant_id, request->issuer_id, &run->issuer));
    CX_TRY(field_open(run->core, place, request->body, run->arena, &body));
    CX_TRY(issuance_body_parse(body, run->arena, &run->body));
    run->profile = &entry->profile;
    return CX_OK;
}

cx_err issuance_load(struct issuance *run, struct cx_id request_id)
{
    struct load load = {run, request_id};
    CX_TRY(store_read(run->core->store, read_request, &load));
    return issuance_load_row(run);
}

static cx_err make_serial(struct issuance *run, struct cx_bytes *ret_serial)
{
    uint8_t random[20], serial[PKI_SERIAL_LEN];
    uint32_t shard = 0;
    CX_TRY(cx_rng_fill(run->core->rng, random, sizeof(random)));
    memcpy(&shard, random + 16, sizeof(shard));
    pki_serial_make(shard & (run->issuer->pki.shard_count - 1), random, serial);
    pki_serial_stamp(serial, cx_now(run->core->clock));
    return arena_copy(run->arena, CX_BYTES(serial, sizeof(serial)), ret_serial);
}

static void fill_template(struct issuance *run)
{
    run->tmpl = (struct pki_template){
        .profile = run->profile,
        .serial = run->intent.serial,
        .not_before_us = run->intent.not_before_us,
        .not_after_us = run->intent.not_after_us,
        .subject = run->body.subject,
        .subject_count = run->body.subject_count,
        .names = run->body.names,
        .name_count = run->body.name_count,
        .spki = run->body.spki,
    };
}

cx_err issuance_prepare(struct issuance *run)
{
    /* Not run->now_us, when the request began to arrive: a slow one would be stored with its lease run out, and the
     * recovery would abandon it while keys signs. */
    const cx_time now_us = cx_now(run->core->clock);
    struct row_intent *intent = &run->intent;
    struct cx_bytes body = CX_BYTES_NONE;
    *intent = (struct row_intent){
        .tenant_id = run->tenant_id,
        .request_id = run->request.request_id,
        .issuer_id = run->issuer->issuer_id,
        .profile_name = run->profile->name,
        .profile_version = run->profile->version,
        .state = cx_str_from(intent_state_name(INTENT_OPEN)),
        .lease_until_us = now_us + ISSUANCE_LEASE_S * CX_US_PER_S,
        .created_us = run->now_us,
    };
    CX_TRY(cx_id_new_at(run->core->rng, run->now_us, &intent->intent_id));
    CX_TRY(make_serial(run, &intent->serial));
    CX_TRY(policy_validity(run->profile, &run->issuer->pki, run->request.validity_s, now_us,
                           &intent->not_before_us, &intent->not_after_us));
    fill_template(run);
    CX_TRY(pki_template_check(&run->tmpl, &run->issuer->pki, now_us, run->diag));
    struct field_place place = {run->tenant_id, "intent", "body", intent->intent_id};
    CX_TRY(issuance_body_write(&run->body, run->arena, &body));
    cx_fault_point("issuance-prepared");
    return field_seal(run->core, place, body, run->arena, &intent->body);
}

/* Where a request waits before it is issued. */
static enum request_state waiting_state(const struct request_row *request)
{
    return request->server_key ? REQUEST_AWAITING_COLLECTION : REQUEST_APPROVED;
}

cx_err issuance_check_blocks(struct store_tx *tx, const struct issuance *run)
{
    const struct block_ask ask = {.tenant_id = run->tenant_id,
                                  .issuer_id = run->issuer->issuer_id,
                                  .requester_id = run->request.requester_id,
                                  .profile = run->profile,
                                  .body = &run->body};
    return block_check(tx, &ask, run->diag);
}

cx_err issuance_insert_intent(struct store_tx *tx, const struct issuance *run)
{
    bool active = false, revoked = false;
    CX_TRY(issuer_is_active(tx, run->tenant_id, run->issuer->issuer_id, &active));
    if (!active)
        return cx_refuse(run->diag, CX_ERR(POLICY), "issuer_id", "issuer-disabled",
                         "The issuer is disabled and issues nothing.");
    CX_TRY(issuer_is_revoked(tx, run->issuer, &revoked));
    if (revoked)
        return cx_refuse(run->diag, CX_ERR(POLICY), "issuer_id", "issuer-revoked",
                         "The issuer's own certificate is revoked: it issues nothing.");
    CX_TRY(issuance_check_blocks(tx, run));
    return intent_insert(tx, &run->intent);
}

cx_err issuance_write_intent(struct store_tx *tx, const struct issuance *run)
{
    CX_TRY(request_transition(tx, run->tenant_id, run->request.request_id,
                              waiting_state(&run->request), REQUEST_ISSUING, run->now_us));
    return issuance_insert_intent(tx, run);
}

static struct audit_event event_of(const struct issuance *run, const char *action)
{
    return (struct audit_event){
        .action = action,
        .tenant_id = run->tenant_id,
        .actor = run->actor,
        .request_id = run->call_id,
        .object_type = CX_ID_REQUEST,
        .object_id = run->request.request_id,
    };
}

struct closing {
    struct issuance *run;
    enum request_state from, to;
    cx_time retry_us;
    struct cx_str rule;
    struct cx_sealed failure;
};

static cx_err write_closing(struct store_tx *tx, void *arg)
{
    const struct closing *closing = arg;
    const struct issuance *run = closing->run;
    const struct request_row *request = &run->request;
    if (closing->from == REQUEST_ISSUING)
        CX_TRY(intent_abandon(tx, run->tenant_id, run->intent.intent_id));
    CX_TRY(request_transition(tx, run->tenant_id, request->request_id, closing->from, closing->to,
                              cx_now(run->core->clock)));
    if (closing->to == REQUEST_FAILED)
        return request_set_failure(tx, run->tenant_id, request->request_id, closing->rule,
                                   closing->failure);
    return request_set_retry(tx, run->tenant_id, request->request_id, closing->retry_us,
                             request->attempt_count + 1);
}

cx_err issuance_release(struct issuance *run, cx_time retry_us)
{
    struct closing closing = {.run = run,
                              .from = REQUEST_ISSUING,
                              .to = waiting_state(&run->request),
                              .retry_us = run->request.server_key ? 0 : retry_us};
    struct audit_event event = event_of(run, "system.issuance.release");
    event.outcome = AUDIT_FAILED;
    return audit_commit(run->core, &event, write_closing, &closing);
}

cx_err issuance_fail(struct issuance *run, enum request_state from, const struct cx_diag *why)
{
    struct closing closing = {.run = run, .from = from, .to = REQUEST_FAILED};
    struct audit_event event = event_of(run, "certificate.issue");
    struct field_place place = {run->tenant_id, "request", "failure", run->request.request_id};
    struct cx_str text = cx_str_from(why->text[0] ? why->text : "The keys process refused.");
    struct field_detail details[] = {{"text", text}, {"rule", CX_STR_NONE}};
    closing.rule = cx_str_from(why->rule[0] ? why->rule : "refused");
    details[1].value = closing.rule;
    event.outcome = AUDIT_FAILED;
    CX_TRY(field_seal_text(run->core, place, text, run->arena, &closing.failure));
    CX_TRY(field_details(run->arena, details, 2, &event.details));
    return audit_commit(run->core, &event, write_closing, &closing);
}

static cx_err write_start(struct store_tx *tx, void *arg)
{
    return issuance_write_intent(tx, arg);
}

cx_err issuance_start(struct issuance *run)
{
    struct audit_event event = event_of(run, "system.issuance.start");
    struct cx_diag diag = CX_DIAG_INIT;
    struct cx_diag *outer = run->diag;
    run->diag = &diag;
    cx_err err = issuance_prepare(run);
    if (cx_is_ok(err))
        err = audit_commit(run->core, &event, write_start, run);
    run->diag = outer;
    if (err.code != CX_E_POLICY)
        return err;
    CX_TRY(issuance_fail(run, waiting_state(&run->request), &diag));
    return cx_refuse(outer, err, diag.field, diag.rule, "%s", diag.text);
}

struct storing {
    struct issuance *run;
    struct row_certificate certificate;
    struct row_certificate_body body;
    struct certificate_names names;
    bool failed;
    struct cx_str rule;
    struct cx_sealed failure;
};

static cx_err write_certificate(struct store_tx *tx, void *arg)
{
    const struct storing *storing = arg;
    const struct issuance *run = storing->run;
    const struct row_certificate *certificate = &storing->certificate;
    struct cx_id tenant_id = run->tenant_id, request_id = run->request.request_id;
    CX_TRY(intent_settle(tx, tenant_id, run->intent.intent_id));
    CX_TRY(row_certificate_insert(tx, certificate));
    CX_TRY(row_certificate_body_insert(tx, &storing->body));
    CX_TRY(certificate_names_insert(tx, &storing->names));
    CX_TRY(certificate_tags_copy(tx, tenant_id, request_id, certificate->certificate_id,
                                 certificate->issued_us));
    CX_TRY(request_conclude(tx, tenant_id, request_id,
                            storing->failed ? REQUEST_FAILED : REQUEST_DONE,
                            certificate->certificate_id, certificate->issued_us));
    if (storing->failed) {
        CX_TRY(crl_shard_mark(tx, tenant_id, certificate->issuer_id, (uint32_t)certificate->shard));
        return request_set_failure(tx, tenant_id, request_id, storing->rule, storing->failure);
    }
    if (certificate->has_replaces_id)
        return certificate_set_replaced(tx, tenant_id, certificate->replaces_id,
                                        certificate->certificate_id);
    return CX_OK;
}

static cx_err fill_certificate(struct storing *storing, struct cx_bytes der)
{
    struct issuance *run = storing->run;
    struct row_certificate *row = &storing->certificate;
    uint8_t sha256[CRYPTO_SHA256_LEN], spki_sha256[CRYPTO_SHA256_LEN];
    uint32_t shard = 0;
    CX_TRY(crypto_sha256(der, sha256));
    CX_TRY(crypto_sha256(run->body.spki, spki_sha256));
    CX_TRY(pki_serial_shard(run->intent.serial, &shard));
    *row = (struct row_certificate){
        .tenant_id = run->tenant_id,
        .issuer_id = run->issuer->issuer_id,
        .serial = run->intent.serial,
        .shard = shard,
        .profile_name = run->profile->name,
        .profile_version = run->profile->version,
        .key_type = cx_str_from(pki_key_type_name(run->request.key_type)),
        .not_before_us = run->intent.not_before_us,
        .not_after_us = run->intent.not_after_us,
        .issued_us = cx_now(run->core->clock),
        .has_requester_id = !cx_id_is_zero(run->request.requester_id),
        .requester_id = run->request.requester_id,
        .request_id = run->request.request_id,
        .has_group_id = !cx_id_is_zero(run->request.group_id),
        .group_id = run->request.group_id,
        .has_replaces_id = !cx_id_is_zero(run->request.certificate_id),
        .replaces_id = run->request.certificate_id,
    };
    CX_TRY(cx_id_new_at(run->core->rng, row->issued_us, &row->certificate_id));
    CX_TRY(arena_copy(run->arena, CX_BYTES(sha256, sizeof(sha256)), &row->sha256));
    CX_TRY(arena_copy(run->arena, CX_BYTES(spki_sha256, sizeof(spki_sha256)), &row->spki_sha256));
    struct field_place place = {run->tenant_id, "certificate_body", "der", row->certificate_id};
    storing->body = (struct row_certificate_body){.tenant_id = run->tenant_id,
                                                  .certificate_id = row->certificate_id};
    CX_TRY(field_seal(run->core, place, der, run->arena, &storing->body.der));
    return certificate_names_prepare(run->core, run->tenant_id, row->certificate_id, row->issued_us,
                                     run->body.names, run->body.name_count, run->arena,
                                     &storing->names);
}

/* Stored, so that nothing signed is unrecorded, but revoked in the same breath. */
static cx_err mark_failed(struct storing *storing, const char *rule, const char *text)
{
    struct issuance *run = storing->run;
    struct field_place place = {run->tenant_id, "request", "failure", run->request.request_id};
    storing->failed = true;
    storing->rule = cx_str_from(rule);
    storing->certificate.has_revoked_us = true;
    storing->certificate.revoked_us = storing->certificate.issued_us;
    storing->certificate.has_revoke_reason = true;
    storing->certificate.revoke_reason = STATUS_CESSATION_OF_OPERATION;
    return field_seal_text(run->core, place, cx_str_from(text), run->arena, &storing->failure);
}

cx_err issuance_store(struct issuance *run, struct cx_bytes der, bool lost_key,
                      struct cx_id *ret_certificate_id)
{
    struct storing storing = {.run = run};
    struct audit_event event = event_of(run, "certificate.issue");
    struct cx_diag differs = CX_DIAG_INIT;
    struct pki_certificate certificate;
    struct cx_str request = CX_STR_NONE, serial = CX_STR_NONE;
    CX_TRY(pki_certificate_parse(der, &differs, &certificate));
    cx_err matches = pki_certificate_matches(&certificate, &run->tmpl, &run->issuer->pki, &differs);
    if (matches.code == CX_E_NOMEM) /* nothing was found to differ: the recovery compares again */
        return matches;
    CX_TRY(fill_certificate(&storing, der));
    if (cx_failed(matches)) {
        cx_log_err(CX_LOG_ERROR, matches, "certificate-differs-from-intent", "field", differs.field,
                   NULL);
        CX_TRY(mark_failed(&storing, "certificate-mismatch",
                           "What was signed is not what was asked."));
    } else if (lost_key) {
        CX_TRY(mark_failed(&storing, "key-lost",
                           "The key was lost before it was handed out. Ask again."));
    }
    CX_TRY(field_id_text(run->arena, CX_ID_REQUEST, run->request.request_id, &request));
    CX_TRY(page_hex_write(run->arena, run->intent.serial, &serial));
    struct field_detail details[] = {{"request", request},
                                     {"serial", serial},
                                     {"rule", storing.failed ? storing.rule : CX_STR_NONE}};
    event.object_type = CX_ID_CERTIFICATE;
    event.object_id = storing.certificate.certificate_id;
    event.outcome = storing.failed ? AUDIT_FAILED : AUDIT_DONE;
    CX_TRY(field_details(run->arena, details, 3, &event.details));
    cx_fault_point("certificate-received");
    CX_TRY(audit_commit(run->core, &event, write_certificate, &storing));
    cx_fault_point("certificate-stored");
    issuance_settled(run->core, run->intent.intent_id);
    *ret_certificate_id = storing.certificate.certificate_id;
    run->request.state = storing.failed ? REQUEST_FAILED : REQUEST_DONE;
    run->request.result_id = storing.certificate.certificate_id;
    run->request.updated_us = storing.certificate.issued_us;
    return storing.failed ? CX_ERR(INTERNAL) : CX_OK;
}

static cx_time retry_time(const struct issuance *run)
{
    int64_t delay_s = ISSUANCE_RETRY_MIN_S;
    for (int64_t i = 0; i < run->request.attempt_count && delay_s < ISSUANCE_RETRY_MAX_S; i++)
        delay_s *= 2;
    return cx_now(run->core->clock) +
           (delay_s < ISSUANCE_RETRY_MAX_S ? delay_s : ISSUANCE_RETRY_MAX_S) * CX_US_PER_S;
}

/* Was it refused for good? Nothing has been signed then. */
static bool is_refusal(cx_err err)
{
    return err.code == CX_E_POLICY || err.code == CX_E_PARSE || err.code == CX_E_NOTFOUND ||
           err.code == CX_E_CONFLICT || err.code == CX_E_LIMIT || err.code == CX_E_DENIED;
}

cx_err issuance_finish(struct issuance *run, struct cx_id *ret_certificate_id,
                       struct cx_bytes *ret_der)
{
    struct keys_issue ask = {.intent_id = run->intent.intent_id,
                             .tenant_id = run->tenant_id,
                             .issuer_id = run->issuer->issuer_id,
                             .tmpl = &run->tmpl};
    struct cx_diag diag = CX_DIAG_INIT;
    struct cx_bytes der = CX_BYTES_NONE;
    cx_fault_point("intent-stored");
    cx_err err = keys_issue(run->core->keys, &ask, run->arena, &diag, &der);
    if (err.code == CX_E_BUSY) {
        CX_TRY(issuance_release(run, retry_time(run)));
        return cx_refuse(run->diag, err, "", "keys-busy",
                         "The keys process cannot be asked now; nothing was signed. Try again.");
    }
    if (is_refusal(err)) {
        CX_TRY(issuance_fail(run, REQUEST_ISSUING, &diag));
        return cx_refuse(run->diag, CX_ERR(POLICY), diag.field,
                         diag.rule[0] ? diag.rule : "refused", "%s",
                         diag.text[0] ? diag.text : "The keys process refused.");
    }
    if (cx_failed(err))
        return cx_refuse(
            run->diag, err, "", "issuance-open",
            "The answer of the keys process did not come; the request is finished or freed "
            "within a minute.");
    const bool lost = run->deliver && cx_failed(run->deliver(run, der));
    CX_TRY(issuance_store(run, der, lost, ret_certificate_id));
    *ret_der = der;
    return CX_OK;
}
