/* Disposal: proposed when the period is over, carried out when somebody else approves. See retention.h. */
#include "api_routes.h"
#include "core/field.h"
#include "core/governance/retention.h"
#include "core/incident/view.h"
#include "crypto/hash.h"

/* Refuses what is kept still; *ret_until_us: when the period was over. */
static cx_err check_over(struct store_tx *tx, struct api_request *request, struct cx_id incident_id,
                         enum api_retention_class class, cx_time *ret_until_us)
{
    struct incident incident;
    struct cx_id tenant_id = request->principal.tenant_id;
    cx_time ended_us = 0;
    int64_t days = 0;
    bool held = false;
    char until[CX_TIME_TEXT_MAX];
    cx_err err = incident_load(tx, request->core, tenant_id, incident_id, request->now_us,
                               request->arena, &incident);
    if (err.code == CX_E_NOTFOUND)
        return incident_refuse_unknown(request->diag);
    CX_TRY(err);
    CX_TRY(record_hold_stands(tx, tenant_id, incident_id, &held));
    if (held)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "", "legal-hold",
                         "A hold stands on the incident: it is kept whatever its period.");
    if (!retention_ended(&incident, &ended_us))
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "", "incident-state",
                         "The incident is %s: its period has not begun.",
                         incident_state_name(incident.row.state));
    CX_TRY(retention_days(tx, tenant_id, class, &days));
    *ret_until_us = ended_us + days * CX_US_PER_DAY;
    CX_TRY(cx_time_format(*ret_until_us, until));
    if (request->now_us < *ret_until_us)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "class", "retention-period",
                         "It is kept until %s.", until);
    return CX_OK;
}

struct proposing {
    struct api_request *request;
    enum api_retention_class class;
    struct row_incident_disposal row;
};

static cx_err write_proposal(struct store_tx *tx, void *arg)
{
    struct proposing *proposing = arg;
    struct api_request *request = proposing->request;
    CX_TRY(check_over(tx, request, proposing->row.incident_id, proposing->class,
                      &proposing->row.kept_until_us));
    cx_err err = row_incident_disposal_insert(tx, &proposing->row);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "class", "disposal-state",
                         "Its disposal was proposed before.");
    return err;
}

static cx_err disposal_event(struct api_request *request, struct cx_id incident_id,
                             struct cx_str class, struct audit_event *event)
{
    struct field_detail details[] = {{"class", class}};
    *event = (struct audit_event){.object_type = CX_ID_INCIDENT, .object_id = incident_id};
    return field_details(request->arena, details, 1, &event->details);
}

static struct cx_str word_of(enum api_retention_class class)
{
    return cx_str_from(api_enum_name(&api_enum_retention_class, (int)class));
}

cx_err handle_disposal_propose(struct api_request *request,
                               const struct api_disposal_propose_in *in,
                               struct api_disposal_propose_out *ret_out)
{
    struct proposing proposing = {.request = request,
                                  .class = in->class,
                                  .row = {.tenant_id = request->principal.tenant_id,
                                          .incident_id = in->incident_id,
                                          .class = word_of(in->class),
                                          .proposer_id = request->principal.user_id,
                                          .proposed_us = request->now_us}};
    struct row_incident_disposal *row = &proposing.row;
    struct field_place place = {row->tenant_id, "incident_disposal", "reason", row->incident_id};
    struct audit_event event;
    CX_TRY(field_seal_text(request->core, place, in->reason, request->arena, &row->reason));
    CX_TRY(disposal_event(request, in->incident_id, row->class, &event));
    CX_TRY(api_commit(request, &event, write_proposal, &proposing));
    ret_out->body = (struct api_disposal_view){.class = in->class,
                                               .reason = in->reason,
                                               .kept_until = row->kept_until_us,
                                               .proposer_id = row->proposer_id,
                                               .proposed = row->proposed_us};
    return CX_OK;
}

struct disposing {
    struct api_request *request;
    struct cx_id incident_id;
    enum api_retention_class class;
    struct disposal_text *texts, *again;
    struct cx_sealed *gone;
    size_t count;
    struct row_incident_disposal row;
};

static cx_err read_texts(struct store_tx *tx, void *arg)
{
    struct disposing *disposing = arg;
    struct api_request *request = disposing->request;
    return disposal_texts(tx, request->principal.tenant_id, disposing->incident_id,
                          disposing->class, request->arena, disposing->texts, &disposing->count);
}

/* What was sealed anew before the transaction is what is there in it. */
static cx_err check_same(struct store_tx *tx, struct disposing *disposing)
{
    struct api_request *request = disposing->request;
    size_t count = 0;
    CX_TRY(disposal_texts(tx, request->principal.tenant_id, disposing->incident_id,
                          disposing->class, request->arena, disposing->again, &count));
    bool same = count == disposing->count;
    for (size_t i = 0; same && i < count; i++)
        same =
            cx_bytes_eq(disposing->texts[i].sealed.envelope, disposing->again[i].sealed.envelope);
    return same ? CX_OK
                : cx_refuse(request->diag, CX_ERR(CONFLICT), "", "incident-changed",
                            "Something was added to the incident meanwhile: try again.");
}

static cx_err find_proposal(struct store_tx *tx, struct disposing *disposing)
{
    struct api_request *request = disposing->request;
    struct row_incident_disposal rows[API_RETENTION_CLASS_COUNT];
    size_t count = 0;
    CX_TRY(disposal_list(tx, request->principal.tenant_id, disposing->incident_id, request->arena,
                         rows, &count));
    for (size_t i = 0; i < count; i++) {
        if (!cx_str_eq(rows[i].class, disposing->row.class))
            continue;
        disposing->row.reason = rows[i].reason;
        disposing->row.kept_until_us = rows[i].kept_until_us;
        disposing->row.proposer_id = rows[i].proposer_id;
        disposing->row.proposed_us = rows[i].proposed_us;
        if (cx_id_eq(rows[i].proposer_id, request->principal.user_id))
            return cx_refuse(request->diag, CX_ERR(DENIED), "", "proposer-approves",
                             "You proposed it; somebody else has to approve.");
        return CX_OK;
    }
    return cx_refuse(request->diag, CX_ERR(CONFLICT), "class", "disposal-state",
                     "Nobody proposed its disposal.");
}

static cx_err write_disposal(struct store_tx *tx, void *arg)
{
    struct disposing *disposing = arg;
    struct api_request *request = disposing->request;
    cx_time until_us = 0;
    CX_TRY(check_over(tx, request, disposing->incident_id, disposing->class, &until_us));
    CX_TRY(find_proposal(tx, disposing));
    CX_TRY(check_same(tx, disposing));
    cx_err err = disposal_set_approved(tx, &disposing->row);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "class", "disposal-state",
                         "It was disposed of already.");
    CX_TRY(err);
    return disposal_write(tx, request->principal.tenant_id, disposing->texts, disposing->count,
                          disposing->gone);
}

/* Over the SHA-256 of each sealed text, in their order. */
static cx_err digest(struct disposing *disposing)
{
    struct arena *arena = disposing->request->arena;
    uint8_t all[CRYPTO_SHA256_LEN], *list = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, disposing->count * CRYPTO_SHA256_LEN, &list));
    for (size_t i = 0; i < disposing->count; i++)
        CX_TRY(crypto_sha256(disposing->texts[i].sealed.envelope, list + i * CRYPTO_SHA256_LEN));
    CX_TRY(crypto_sha256(CX_BYTES(list, disposing->count * CRYPTO_SHA256_LEN), all));
    return arena_copy(arena, CX_BYTES(all, sizeof(all)), &disposing->row.sha256);
}

static cx_err prepare(struct disposing *disposing)
{
    struct api_request *request = disposing->request;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, DISPOSAL_TEXTS_MAX, &disposing->texts));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, DISPOSAL_TEXTS_MAX, &disposing->again));
    CX_TRY(store_read(request->core->store, read_texts, disposing));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, disposing->count, &disposing->gone));
    CX_TRY(disposal_seal(request->core, request->principal.tenant_id, request->arena,
                         disposing->texts, disposing->count, disposing->gone));
    disposing->row.text_count = (int64_t)disposing->count;
    return digest(disposing);
}

cx_err handle_disposal_approve(struct api_request *request,
                               const struct api_disposal_approve_in *in,
                               struct api_disposal_approve_out *ret_out)
{
    struct disposing disposing = {.request = request,
                                  .incident_id = in->incident_id,
                                  .class = in->class,
                                  .row = {.tenant_id = request->principal.tenant_id,
                                          .incident_id = in->incident_id,
                                          .class = word_of(in->class),
                                          .approver_id = request->principal.user_id,
                                          .approved_us = request->now_us}};
    const struct row_incident_disposal *row = &disposing.row;
    struct audit_event event;
    CX_TRY(prepare(&disposing));
    CX_TRY(disposal_event(request, in->incident_id, row->class, &event));
    CX_TRY(api_commit(request, &event, write_disposal, &disposing));
    struct api_disposal_view view = {.class = in->class,
                                     .kept_until = row->kept_until_us,
                                     .proposer_id = row->proposer_id,
                                     .proposed = row->proposed_us,
                                     .has_approver_id = true,
                                     .approver_id = row->approver_id,
                                     .has_approved = true,
                                     .approved = row->approved_us,
                                     .has_sha256 = true,
                                     .text_count = row->text_count};
    struct field_place place = {row->tenant_id, "incident_disposal", "reason", row->incident_id};
    CX_TRY(page_hex_write(request->arena, row->sha256, &view.sha256));
    CX_TRY(field_open_text(request->core, place, row->reason, request->arena, &view.reason));
    ret_out->body = view;
    return CX_OK;
}
