/*
 * Signed alerts of a tool. The signature is looked at before the body is; a delivery is taken once, whatever is sent again, and its
 * octets, alerts, incidents and audit entries commit together.
 */
#include "api_routes.h"
#include "base/checked.h"
#include "core/field.h"
#include "core/incident/alert.h"
#include "core/intake/mapping.h"
#include "core/intake/signature.h"
#include "core/intake/view.h"

enum { DELIVERIES_PER_HOUR = 600 };
#define HOUR_US (INT64_C(3600) * CX_US_PER_S)

struct raised {
    struct alert alert;
    struct audit_event event;
    struct audit_entry *entry;
};

struct delivering {
    struct api_request *request;
    struct cx_id tenant_id, source_id;
    struct signature signature;
    struct row_alert_source source;
    struct row_alert_delivery row, earlier;
    bool known_source, repeated;
    struct mapped mapped;
    struct raised *raised;
};

static cx_err read_what_is_known(struct store_tx *tx, void *arg)
{
    struct delivering *delivering = arg;
    struct arena *arena = delivering->request->arena;
    delivering->known_source = delivering->repeated = false;
    cx_err err = alert_source_find(tx, delivering->tenant_id, delivering->source_id, arena,
                                   &delivering->source);
    if (err.code == CX_E_NOTFOUND)
        return CX_OK;
    CX_TRY(err);
    delivering->known_source = true;
    err = alert_delivery_named(tx, delivering->tenant_id, delivering->source_id,
                               delivering->signature.delivery, arena, &delivering->earlier);
    delivering->repeated = cx_is_ok(err);
    return err.code == CX_E_NOTFOUND ? CX_OK : err;
}

static cx_err try_key(const struct delivering *delivering, const char *column,
                      struct cx_sealed sealed, struct cx_bytes body, bool *ret_matches)
{
    struct api_request *request = delivering->request;
    struct field_place place = {delivering->tenant_id, "alert_source", column,
                                delivering->source_id};
    struct cx_bytes key = CX_BYTES_NONE;
    CX_TRY(field_open(request->core, place, sealed, request->arena, &key));
    return signature_matches(&delivering->signature, key, body, ret_matches);
}

/* One answer for a source that is not there, one that has ended and a wrong key: a stranger learns nothing. */
static cx_err check_signature(const struct delivering *delivering, struct cx_bytes body)
{
    struct api_request *request = delivering->request;
    const struct row_alert_source *source = &delivering->source;
    bool matches = false;
    bool overlaps = source->has_previous_until_us && source->previous_until_us > request->now_us;
    if (delivering->known_source && !source->has_ended_us) {
        CX_TRY(try_key(delivering, "secret", source->secret, body, &matches));
        if (!matches && overlaps)
            CX_TRY(try_key(delivering, "previous_secret", source->previous_secret, body, &matches));
    }
    if (!matches)
        return cx_refuse(request->diag, CX_ERR(AUTH), "CertiNext-Signature", "signature",
                         "No source here signs like that.");
    return signature_check_time(&delivering->signature, request->now_us, request->diag);
}

static cx_err prepare_alert(struct delivering *delivering, size_t i, struct cx_str proof)
{
    struct api_request *request = delivering->request;
    const struct mapped_alert *mapped = &delivering->mapped.alerts[i];
    struct raised *raised = &delivering->raised[i];
    struct alert_draft draft = {.tenant_id = delivering->tenant_id,
                                .subject = mapped->subject,
                                .title = mapped->title,
                                .summary = mapped->summary,
                                .proof = proof,
                                .impact = mapped->level,
                                .urgency = mapped->level,
                                .at_us = request->now_us,
                                .now_us = request->now_us};
    /* The name of the source keeps its alerts from counting on those of others, and of the platform itself. */
    CX_TRY(arena_printf(request->arena, &draft.rule, "%.*s:%.*s",
                        CX_STR_ARG(delivering->source.name), CX_STR_ARG(mapped->rule)));
    CX_TRY(alert_prepare(request->core, request->arena, &draft, &raised->alert));
    const struct field_detail details[] = {
        {"rule", draft.rule}, {"subject", draft.subject}, {"delivery", proof}};
    raised->event = (struct audit_event){.action = "incident.alert",
                                         .tenant_id = delivering->tenant_id,
                                         .request_id = request->request_id,
                                         .object_type = CX_ID_INCIDENT};
    CX_TRY(field_details(request->arena, details, CX_COUNT_OF(details), &raised->event.details));
    return audit_prepare(request->core, request->arena, &raised->event, &raised->entry);
}

static cx_err prepare(struct delivering *delivering, struct cx_bytes body, struct cx_str *ret_id)
{
    struct api_request *request = delivering->request;
    struct row_alert_delivery *row = &delivering->row;
    uint8_t *digest = NULL;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, CRYPTO_SHA256_LEN, &digest));
    CX_TRY(crypto_sha256(body, digest));
    *row = (struct row_alert_delivery){.tenant_id = delivering->tenant_id,
                                       .source_id = delivering->source_id,
                                       .label = delivering->signature.delivery,
                                       .sha256 = CX_BYTES(digest, CRYPTO_SHA256_LEN),
                                       .alert_count = (int64_t)delivering->mapped.count,
                                       .skipped_count = (int64_t)delivering->mapped.skipped,
                                       .received_us = request->now_us};
    CX_TRY(cx_id_new_at(request->core->rng, request->now_us, &row->delivery_id));
    struct field_place place = {row->tenant_id, "alert_delivery", "body", row->delivery_id};
    CX_TRY(field_seal(request->core, place, body, request->arena, &row->body));
    CX_TRY(field_id_text(request->arena, CX_ID_ALERT_DELIVERY, row->delivery_id, ret_id));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, delivering->mapped.count, &delivering->raised));
    for (size_t i = 0; i < delivering->mapped.count; i++)
        CX_TRY(prepare_alert(delivering, i, *ret_id));
    return CX_OK;
}

/* Under the transaction, since two calls may bring the same delivery at once. */
static cx_err check_new(struct store_tx *tx, struct delivering *delivering)
{
    struct api_request *request = delivering->request;
    struct row_alert_delivery *row = &delivering->row;
    int64_t count = 0;
    cx_err err = alert_delivery_named(tx, row->tenant_id, row->source_id, row->label,
                                      request->arena, &delivering->earlier);
    delivering->repeated = cx_is_ok(err);
    if (delivering->repeated)
        return CX_ERR(CONFLICT); /* nothing is written; the caller answers with the earlier one */
    if (err.code != CX_E_NOTFOUND)
        return err;
    CX_TRY(alert_delivery_count(tx, row->tenant_id, row->source_id, request->now_us - HOUR_US,
                                &count));
    if (count < DELIVERIES_PER_HOUR)
        return CX_OK;
    request->refuse_status = 429;
    request->retry_after_s = 60;
    return cx_refuse(request->diag, CX_ERR(LIMIT), "", "delivery-rate",
                     "The source has sent %d deliveries within an hour: send this one later.",
                     DELIVERIES_PER_HOUR);
}

static cx_err write_delivery(struct store_tx *tx, void *arg)
{
    struct delivering *delivering = arg;
    struct row_alert_delivery *row = &delivering->row;
    CX_TRY(check_new(tx, delivering));
    row->opened_count = 0;
    for (size_t i = 0; i < delivering->mapped.count; i++) {
        struct raised *raised = &delivering->raised[i];
        CX_TRY(alert_write(tx, &raised->alert));
        raised->event.object_id = raised->alert.row.incident_id;
        CX_TRY(audit_append(tx, &raised->event, raised->entry));
        row->opened_count += raised->alert.opened;
    }
    return row_alert_delivery_insert(tx, row);
}

static cx_err take(struct delivering *delivering, struct cx_bytes body)
{
    struct api_request *request = delivering->request;
    struct api_alert_mapping mapping;
    struct cx_str id = CX_STR_NONE;
    CX_TRY(intake_source_mapping(&delivering->source, request->arena, &mapping));
    CX_TRY(mapping_apply(&mapping, body, request->arena, request->diag, &delivering->mapped));
    CX_TRY(prepare(delivering, body, &id));
    struct audit_event event = {.tenant_id = delivering->tenant_id,
                                .object_type = CX_ID_ALERT_SOURCE,
                                .object_id = delivering->source_id};
    const struct field_detail details[] = {{"delivery", id},
                                           {"name", delivering->row.label},
                                           {"source_address", request->source_address}};
    CX_TRY(field_details(request->arena, details, CX_COUNT_OF(details), &event.details));
    cx_err err = api_commit(request, &event, write_delivery, delivering);
    return delivering->repeated ? CX_OK : err;
}

cx_err handle_alert_deliver(struct api_request *request, const struct api_alert_deliver_in *in,
                            struct api_alert_deliver_out *ret_out)
{
    struct delivering delivering = {
        .request = request, .tenant_id = in->tenant_id, .source_id = in->source_id};
    uint8_t digest[CRYPTO_SHA256_LEN];
    CX_TRY(signature_parse(request->signature, request->diag, &delivering.signature));
    CX_TRY(store_read(request->core->store, read_what_is_known, &delivering));
    CX_TRY(check_signature(&delivering, in->body));
    if (!delivering.repeated)
        CX_TRY(take(&delivering, in->body));
    const struct row_alert_delivery *row =
        delivering.repeated ? &delivering.earlier : &delivering.row;
    CX_TRY(crypto_sha256(in->body, digest));
    if (!crypto_ct_equal(CX_BYTES(digest, sizeof(digest)), row->sha256))
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "CertiNext-Signature", "delivery-reused",
                         "Another delivery of this source had this name.");
    ret_out->body.repeated = delivering.repeated;
    return intake_delivery_view(request, row, &ret_out->body.delivery);
}
