/* Opening an incident, adding to its timeline, assessing it, and giving roles. */
#include "api_routes.h"
#include "core/field.h"
#include "core/incident/step_store.h"
#include "core/incident/view.h"

static cx_err refuse_future(struct api_request *request, const char *field, bool has, cx_time at_us)
{
    if (!has || at_us <= request->now_us)
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(POLICY), field, "time-in-future",
                     "What is recorded has happened: the time is later than now.");
}

static uint32_t track_bits(const enum api_incident_track *tracks, size_t count)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < count; i++)
        bits |= 1u << tracks[i];
    return bits;
}

static uint32_t certificate_bits(const enum api_incident_certificates *list, size_t count)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < count; i++)
        bits |= 1u << list[i];
    return bits;
}

struct creation {
    struct api_request *request;
    struct incident_new made;
};

static cx_err write_incident(struct store_tx *tx, void *arg)
{
    struct creation *creation = arg;
    struct api_request *request = creation->request;
    struct incident_row parent;
    if (creation->made.row.has_parent_id) {
        cx_err err = incident_find(tx, creation->made.row.tenant_id, creation->made.row.parent_id,
                                   request->arena, &parent);
        if (err.code == CX_E_NOTFOUND)
            return cx_refuse(request->diag, CX_ERR(POLICY), "parent_id", "incident-unknown",
                             "There is no such incident.");
        CX_TRY(err);
    }
    return incident_new_insert(tx, &creation->made);
}

cx_err handle_incident_create(struct api_request *request, const struct api_incident_create_in *in,
                              struct api_incident_create_out *ret_out)
{
    struct creation creation = {.request = request};
    struct incident_draft draft = {
        .tenant_id = request->principal.tenant_id,
        .creator_id = request->principal.user_id,
        .type = (enum incident_type)in->type,
        .tracks = track_bits(in->tracks, in->tracks_count),
        .certificates = certificate_bits(in->certificates, in->certificates_count),
        .impact = (enum incident_level)in->impact,
        .urgency = (enum incident_level)in->urgency,
        .source = (enum incident_source)in->source,
        .title = in->title,
        .summary = in->summary,
        .aware_us = in->has_aware ? in->aware : request->now_us,
        .aware_reason = in->aware_reason,
        .now_us = request->now_us,
    };
    CX_TRY(refuse_future(request, "aware", in->has_aware, in->aware));
    if (in->has_parent_id)
        draft.parent_id = in->parent_id;
    CX_TRY(incident_new_prepare(request->core, request->arena, &draft, &creation.made));
    struct field_detail details[] = {{"type", creation.made.row.type}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT,
                                .object_id = creation.made.row.incident_id};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_incident, &creation));
    return incident_show(request, creation.made.row.incident_id, &ret_out->body);
}

struct adding {
    struct api_request *request;
    struct row_incident_entry row;
    enum incident_kind kind;
};

static cx_err refuse_correction(struct cx_diag *diag, const char *text)
{
    return cx_refuse(diag, CX_ERR(POLICY), "corrects", "correction-target", "%s", text);
}

/* Of the four times that are set once, and of every entry: what may be added. */
static cx_err check_entry(struct api_request *request, const struct incident *incident,
                          const struct adding *adding)
{
    int64_t corrects = adding->row.corrects;
    if (incident->row.state == INCIDENT_MERGED)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "incident_id", "incident-merged",
                         "The incident was merged into another: record it there.");
    if (corrects == 0) {
        if (incident_kind_is_once(adding->kind) && incident_first(incident, adding->kind))
            return cx_refuse(request->diag, CX_ERR(CONFLICT), "kind", "time-set-once",
                             "This time is set: add a correction that names its entry.");
        if (!incident_kind_is_told(adding->kind))
            return cx_refuse(request->diag, CX_ERR(POLICY), "kind", "kind-own",
                             "Entries of this kind come with moves, roles and clocks.");
        return CX_OK;
    }
    if (!incident_kind_is_told(adding->kind) && !incident_kind_is_once(adding->kind))
        return refuse_correction(request->diag, "Entries of this kind are not corrected.");
    if ((size_t)corrects > incident->entry_count)
        return refuse_correction(request->diag, "There is no entry with this number.");
    const struct duty_entry *target = &incident->entries[corrects - 1].clock;
    if (target->corrects)
        return refuse_correction(request->diag, "Correct the entry itself, not its correction.");
    if (target->kind != adding->kind || !cx_str_eq(target->subject, adding->row.subject))
        return refuse_correction(request->diag,
                                 "A correction has the kind and subject of its entry.");
    return CX_OK;
}

static cx_err write_entry(struct store_tx *tx, void *arg)
{
    struct adding *adding = arg;
    struct api_request *request = adding->request;
    struct incident incident;
    cx_err err = incident_load(tx, request->core, adding->row.tenant_id, adding->row.incident_id,
                               request->now_us, request->arena, &incident);
    if (err.code == CX_E_NOTFOUND)
        return incident_refuse_unknown(request->diag);
    CX_TRY(err);
    CX_TRY(check_entry(request, &incident, adding));
    return incident_append(tx, &adding->row);
}

/* Prepares, checks and adds one entry; *ret_seq is its number. */
static cx_err add_entry(struct api_request *request, const struct entry_draft *draft,
                        int64_t *ret_seq)
{
    struct adding adding = {.request = request, .kind = draft->kind};
    struct cx_str at = CX_STR_NONE;
    char text[CX_TIME_TEXT_MAX];
    CX_TRY(cx_time_format(draft->at_us, text));
    at = cx_str_from(text);
    CX_TRY(incident_entry_prepare(request->core, request->arena, draft, &adding.row));
    struct field_detail details[] = {{"kind", adding.row.kind},
                                     {"at", at},
                                     {"subject", draft->subject},
                                     {"proof", draft->proof}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = draft->incident_id};
    CX_TRY(field_details(request->arena, details, 4, &event.details));
    CX_TRY(api_commit(request, &event, write_entry, &adding));
    *ret_seq = adding.row.seq;
    return CX_OK;
}

cx_err handle_incident_record(struct api_request *request, const struct api_incident_record_in *in,
                              struct api_incident_record_out *ret_out)
{
    struct incident incident;
    int64_t seq = 0;
    struct entry_draft draft = {.tenant_id = request->principal.tenant_id,
                                .incident_id = in->incident_id,
                                .actor_id = request->principal.user_id,
                                .kind = (enum incident_kind)in->kind,
                                .at_us = in->has_at ? in->at : request->now_us,
                                .now_us = request->now_us,
                                .has_due = in->has_due,
                                .due_us = in->due,
                                .item = in->has_item ? in->item : 0,
                                .corrects = in->has_corrects ? in->corrects : 0,
                                .subject = in->subject,
                                .detail = in->detail,
                                .proof = in->proof};
    CX_TRY(refuse_future(request, "at", in->has_at, in->at));
    CX_TRY(add_entry(request, &draft, &seq));
    CX_TRY(incident_read(request, in->incident_id, &incident));
    return incident_entry_view(request, &incident.entries[seq - 1], &ret_out->body);
}

cx_err handle_incident_meet(struct api_request *request, const struct api_incident_meet_in *in,
                            struct api_incident_meet_out *ret_out)
{
    struct incident incident;
    int64_t seq = 0;
    CX_TRY(refuse_future(request, "at", in->has_at, in->at));
    CX_TRY(incident_read(request, in->incident_id, &incident));
    const struct duty *duty = incident_duty(&incident, in->key);
    if (!duty)
        return cx_refuse(request->diag, CX_ERR(NOTFOUND), "key", "duty-unknown",
                         "The incident has no duty with this key.");
    if (!duty_is_open(duty))
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "key", "duty-not-open", "The duty is %s.",
                         duty_state_name(duty->state));
    enum incident_kind kind = in->has_kind ? (enum incident_kind)in->kind
                                           : (enum incident_kind)duty->rule->satisfiers.kinds[0];
    if (!rule_kinds_have(&duty->rule->satisfiers, kind))
        return cx_refuse(request->diag, CX_ERR(POLICY), "kind", "duty-other-kind",
                         "An entry of this kind does not meet the duty.");
    struct entry_draft draft = {.tenant_id = request->principal.tenant_id,
                                .incident_id = in->incident_id,
                                .actor_id = request->principal.user_id,
                                .kind = kind,
                                .at_us = in->has_at ? in->at : request->now_us,
                                .now_us = request->now_us,
                                .subject = duty->subject,
                                .detail = in->detail,
                                .proof = in->proof};
    if (draft.at_us < duty->start_us)
        return cx_refuse(request->diag, CX_ERR(POLICY), "at", "duty-not-started",
                         "The duty had not started then.");
    CX_TRY(add_entry(request, &draft, &seq));
    CX_TRY(incident_read(request, in->incident_id, &incident));
    duty = incident_duty(&incident, in->key);
    return duty ? incident_duty_view(request, in->incident_id, duty, &ret_out->body)
                : CX_ERR(INTERNAL);
}

struct assessing {
    struct api_request *request;
    const struct api_incident_assess_in *in;
    struct row_incident_entry entry;
    struct attach *playbooks; /* that apply from now on */
    size_t playbook_count;
};

static void assess(const struct api_incident_assess_in *in, struct incident_row *row)
{
    if (in->has_impact)
        row->impact = (enum incident_level)in->impact;
    if (in->has_urgency)
        row->urgency = (enum incident_level)in->urgency;
    row->tracks |= track_bits(in->add_tracks, in->add_tracks_count);
    row->certificates |= certificate_bits(in->add_certificates, in->add_certificates_count);
}

static cx_err write_assessment(struct store_tx *tx, void *arg)
{
    struct assessing *assessing = arg;
    struct api_request *request = assessing->request;
    const struct api_incident_assess_in *in = assessing->in;
    struct incident_row row;
    struct cx_id tenant_id = request->principal.tenant_id;
    cx_err err = incident_find(tx, tenant_id, in->incident_id, request->arena, &row);
    if (err.code == CX_E_NOTFOUND)
        return incident_refuse_unknown(request->diag);
    CX_TRY(err);
    assess(in, &row);
    CX_TRY(incident_set_assessment(tx, tenant_id, &row, request->now_us));
    CX_TRY(incident_append(tx, &assessing->entry));
    for (size_t i = 0; i < assessing->playbook_count; i++)
        CX_TRY(attach_insert(tx, &assessing->playbooks[i]));
    return CX_OK;
}

/* What the incident is about to be decides; one that it follows already stays as it is. */
static cx_err match_playbooks(struct assessing *assessing)
{
    struct api_request *request = assessing->request;
    struct incident incident;
    CX_TRY(incident_read(request, assessing->in->incident_id, &incident));
    assess(assessing->in, &incident.row);
    const struct attach_draft draft = {.tenant_id = request->principal.tenant_id,
                                       .incident_id = assessing->in->incident_id,
                                       .is = step_case(&incident.row),
                                       .now_us = request->now_us};
    return attach_prepare_matching(request->core, request->arena, &draft, &assessing->playbooks,
                                   &assessing->playbook_count);
}

cx_err handle_incident_assess(struct api_request *request, const struct api_incident_assess_in *in,
                              struct api_incident_assess_out *ret_out)
{
    struct assessing assessing = {.request = request, .in = in};
    const struct entry_draft draft = {.tenant_id = request->principal.tenant_id,
                                      .incident_id = in->incident_id,
                                      .actor_id = request->principal.user_id,
                                      .kind = KIND_ASSESSED,
                                      .at_us = request->now_us,
                                      .now_us = request->now_us,
                                      .detail = in->comment};
    struct field_detail details[] = {{"comment", in->comment}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(match_playbooks(&assessing));
    CX_TRY(incident_entry_prepare(request->core, request->arena, &draft, &assessing.entry));
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_assessment, &assessing));
    return incident_show(request, in->incident_id, &ret_out->body);
}

struct assigning {
    struct api_request *request;
    struct row_incident_role role;
    struct row_incident_entry entry;
};

static cx_err write_role(struct store_tx *tx, void *arg)
{
    struct assigning *assigning = arg;
    struct api_request *request = assigning->request;
    struct incident_row row;
    cx_err err = incident_find(tx, assigning->role.tenant_id, assigning->role.incident_id,
                               request->arena, &row);
    if (err.code == CX_E_NOTFOUND)
        return incident_refuse_unknown(request->diag);
    CX_TRY(err);
    err = incident_set_role(tx, &assigning->role);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, CX_ERR(POLICY), "user_id", "user-unknown",
                         "There is no such user.");
    CX_TRY(err);
    return incident_append(tx, &assigning->entry);
}

/* Who has it now, who had it, and what was handed over. */
static cx_err hand_over_text(struct api_request *request, const struct api_incident_assign_in *in,
                             struct cx_str user, struct cx_str *ret_text)
{
    struct incident incident;
    char from[CX_ID_TEXT_MAX] = "";
    CX_TRY(incident_read(request, in->incident_id, &incident));
    struct cx_id holder = incident_holder(&incident, (enum incident_role)in->role);
    if (!cx_id_is_zero(holder))
        cx_id_format(CX_ID_USER, holder, from);
    return arena_printf(request->arena, ret_text, "%.*s%s%s%s%.*s", CX_STR_ARG(user),
                        from[0] ? ", from " : "", from, in->comment.len ? ": " : "",
                        CX_STR_ARG(in->comment));
}

cx_err handle_incident_assign(struct api_request *request, const struct api_incident_assign_in *in,
                              struct api_incident_assign_out *ret_out)
{
    struct cx_str role = cx_str_from(incident_word(&incident_roles, (int)in->role));
    struct cx_str user = CX_STR_NONE;
    struct assigning assigning = {.request = request,
                                  .role = {.tenant_id = request->principal.tenant_id,
                                           .incident_id = in->incident_id,
                                           .role = role,
                                           .user_id = in->user_id,
                                           .assigned_us = request->now_us}};
    struct entry_draft draft = {.tenant_id = request->principal.tenant_id,
                                .incident_id = in->incident_id,
                                .actor_id = request->principal.user_id,
                                .kind = KIND_ROLE_ASSIGNED,
                                .at_us = request->now_us,
                                .now_us = request->now_us,
                                .subject = role};
    CX_TRY(field_id_text(request->arena, CX_ID_USER, in->user_id, &user));
    CX_TRY(hand_over_text(request, in, user, &draft.detail));
    struct field_detail details[] = {{"role", role}, {"user", user}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(incident_entry_prepare(request->core, request->arena, &draft, &assigning.entry));
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_role, &assigning));
    return incident_show(request, in->incident_id, &ret_out->body);
}
