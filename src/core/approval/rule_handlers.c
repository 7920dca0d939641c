/* Operations on approval rules. Where a rule says so, changing the rules waits for other persons too. */
#include "api_routes.h"
#include "base/checked.h"
#include "core/access/access_store.h"
#include "core/access/group_store.h"
#include "core/access/state_store.h"
#include "core/approval/policy_change.h"
#include "core/approval/proposal.h"
#include "core/approval/stage_view.h"
#include "core/change/change.h"
#include "core/field.h"
#include "core/policy/profile_store.h"
#include "core/setting/setting.h"

enum { HOUR_S = 3600 };
_Static_assert((int)API_APPROVAL_ACTION_COUNT == (int)APPROVAL_ACTION_COUNT &&
                   (int)API_APPROVAL_ACTION_POLICY_CHANGE == (int)APPROVAL_POLICY_CHANGE &&
                   (int)API_APPROVAL_ACTION_EXPORT == (int)APPROVAL_EXPORT,
               "the contract lists the actions in the order of enum approval_action");

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "rule_id", "rule-unknown", "There is no such rule.");
}

static bool is_about_roles(enum approval_action action)
{
    return action == APPROVAL_ROLE_GRANT || action == APPROVAL_ELEVATION;
}

static enum api_approval_rule_state state_of(const struct approval_rule_row *row)
{
    if (row->ended_us)
        return API_APPROVAL_RULE_STATE_ENDED;
    return row->in_force_us ? API_APPROVAL_RULE_STATE_ACTIVE : API_APPROVAL_RULE_STATE_PROPOSED;
}

cx_err approval_stages_view(const struct approval_stages *stages, struct arena *arena,
                            const struct api_approval_stage **ret_views)
{
    struct api_approval_stage *views = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, stages->count, &views));
    for (size_t i = 0; i < stages->count; i++)
        views[i] = (struct api_approval_stage){stages->list[i].text, stages->list[i].approvers};
    *ret_views = views;
    return CX_OK;
}

/* "role" or "role/NAME": what kind of policy, and which. */
static cx_err policy_subject_view(struct cx_str subject, struct api_approval_rule_view *view)
{
    const char *slash = memchr(subject.ptr, '/', subject.len);
    size_t len = slash ? (size_t)(slash - subject.ptr) : subject.len;
    struct cx_str name = CX_STR_NONE;
    int object = 0;
    if (slash)
        name = (struct cx_str){slash + 1, subject.len - len - 1};
    CX_TRY(api_enum_value(&api_enum_policy_object, (struct cx_str){subject.ptr, len}, &object));
    view->has_object = true;
    view->object = (enum api_policy_object)object;
    view->has_role = slash && view->object == API_POLICY_OBJECT_ROLE;
    view->has_certificate_profile = slash && view->object == API_POLICY_OBJECT_CERTIFICATE_PROFILE;
    if (view->has_role)
        view->role = name;
    if (view->has_certificate_profile)
        view->certificate_profile = name;
    return CX_OK;
}

static cx_err view_of(struct api_request *request, const struct approval_rule_row *row,
                      struct api_approval_rule_view *ret_view)
{
    const struct approval_rule *rule = &row->rule;
    bool roles = is_about_roles(rule->action), policy = rule->action == APPROVAL_POLICY_CHANGE;
    struct api_approval_rule_view view = {
        .id = rule->rule_id,
        .state = state_of(row),
        .action = (enum api_approval_action)rule->action,
        .has_certificate_profile = rule->subject.len && !roles && !policy,
        .certificate_profile = rule->subject,
        .has_role = rule->subject.len && roles,
        .role = rule->subject,
        .has_group_id = !cx_id_is_zero(rule->group_id),
        .group_id = rule->group_id,
        .has_tags = rule->tags_text.len > 0,
        .tags = rule->tags_text,
        .stages_count = rule->stages.count,
        .expires_in_hours = rule->lifetime_s / HOUR_S,
        .has_escalate_after_hours = rule->escalate_s > 0,
        .escalate_after_hours = rule->escalate_s / HOUR_S,
        .has_escalate_to_role = rule->escalate_to.len > 0,
        .escalate_to_role = rule->escalate_to,
        .created = rule->created_us,
        .created_by_id = row->created_by_id,
        .has_ended = row->ended_us != 0,
        .ended = row->ended_us,
    };
    if (policy && rule->subject.len)
        CX_TRY(policy_subject_view(rule->subject, &view));
    CX_TRY(approval_stages_view(&rule->stages, request->arena, &view.stages));
    struct field_place reason = {request->principal.tenant_id, "approval_rule", "reason",
                                 rule->rule_id};
    CX_TRY(field_open_text(request->core, reason, row->reason, request->arena, &view.reason));
    *ret_view = view;
    return CX_OK;
}

struct rule_show {
    struct api_request *request;
    struct cx_id rule_id;
    struct approval_rule_row row;
};

static cx_err read_rule(struct store_tx *tx, void *arg)
{
    struct rule_show *show = arg;
    return approval_rule_find(tx, show->request->principal.tenant_id, show->rule_id,
                              show->request->arena, &show->row);
}

static cx_err show_rule(struct api_request *request, struct cx_id rule_id,
                        struct api_approval_rule_view *ret_view)
{
    struct rule_show *show = NULL;
    CX_TRY(ARENA_NEW(request->arena, &show));
    show->request = request;
    show->rule_id = rule_id;
    cx_err err = store_read(request->core->store, read_rule, show);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    return view_of(request, &show->row, ret_view);
}

cx_err handle_approval_rule_get(struct api_request *request,
                                const struct api_approval_rule_get_in *in,
                                struct api_approval_rule_get_out *ret_out)
{
    return show_rule(request, in->rule_id, &ret_out->body);
}

struct rule_list {
    struct api_request *request;
    struct page_key after;
    size_t limit, count;
    struct approval_rule_row *rows;
};

static cx_err read_rules(struct store_tx *tx, void *arg)
{
    struct rule_list *list = arg;
    return approval_rule_page(tx, list->request->principal.tenant_id, &list->after, list->limit,
                              list->request->arena, list->rows, &list->count);
}

cx_err handle_approval_rule_list(struct api_request *request,
                                 const struct api_approval_rule_list_in *in,
                                 struct api_approval_rule_list_out *ret_out)
{
    struct rule_list list = {.request = request, .limit = (size_t)in->limit};
    struct api_approval_rule_view *items = NULL;
    CX_TRY(page_cursor_parse("approval-rule", in->cursor, request->diag, &list.after));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.rows));
    CX_TRY(store_read(request->core->store, read_rules, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(view_of(request, &list.rows[i], &items[i]));
    struct api_approval_rule_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        const struct approval_rule_row *last = &list.rows[list.count - 1];
        struct page_key key = {last->rule.created_us, last->rule.rule_id};
        CX_TRY(page_cursor_write(request->arena, "approval-rule", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

/* ---- making and ending ---- */

struct rule_change {
    struct api_request *request;
    struct row_approval_rule row;
    struct approval_stages stages;
    struct row_proposal proposal;
};

/* What the rule says, else the setting of now: a rule keeps what it began with. */
static cx_err expiry_of(struct api_request *request, const struct api_approval_rule_create_in *in,
                        int64_t *ret_hours)
{
    struct setting_values values;
    CX_TRY(setting_values_load(request->core->store, request->principal.tenant_id, &values));
    *ret_hours = in->has_expires_in_hours
                     ? in->expires_in_hours
                     : setting_at(&values, SETTING_APPROVAL_EXPIRY, request->now_us);
    return CX_OK;
}

static cx_err check_subject(struct api_request *request,
                            const struct api_approval_rule_create_in *in, int64_t expires_in_hours)
{
    enum approval_action action = (enum approval_action)in->action;
    bool certificates = action <= APPROVAL_REVOKE || action == APPROVAL_EXPORT;
    bool policy = action == APPROVAL_POLICY_CHANGE && in->has_object;
    bool of_role = policy && in->object == API_POLICY_OBJECT_ROLE;
    bool of_profile = policy && in->object == API_POLICY_OBJECT_CERTIFICATE_PROFILE;
    if (in->has_object && !policy)
        return cx_refuse(request->diag, CX_ERR(POLICY), "object", "rule-subject",
                         "Only changes of policy are about a kind of policy.");
    if (in->has_role && !is_about_roles(action) && !of_role)
        return cx_refuse(request->diag, CX_ERR(POLICY), "role", "rule-subject",
                         "Only giving and activating roles is about a role, and changes of policy "
                         "of the object role.");
    if (in->has_certificate_profile && !certificates && !of_profile)
        return cx_refuse(request->diag, CX_ERR(POLICY), "certificate_profile", "rule-subject",
                         "Only requests for certificates have a profile, and changes of policy of "
                         "the object certificate-profile.");
    if ((in->has_group_id || in->has_tags) && !certificates)
        return cx_refuse(request->diag, CX_ERR(POLICY), "action", "rule-subject",
                         "Only requests for certificates have a group and tags.");
    if (in->has_escalate_after_hours != in->has_escalate_to_role)
        return cx_refuse(request->diag, CX_ERR(POLICY), "escalate_to_role", "rule-escalation",
                         "Say both when and to which role it escalates.");
    if (in->has_escalate_after_hours && in->escalate_after_hours >= expires_in_hours)
        return cx_refuse(request->diag, CX_ERR(POLICY), "escalate_after_hours", "rule-escalation",
                         "Escalation has to come before the expiry.");
    return CX_OK;
}

static cx_err read_stages(struct api_request *request, const struct api_approval_rule_create_in *in,
                          struct approval_stages *ret_stages)
{
    struct approval_stages stages = {.count = in->stages_count};
    if (in->stages_count > APPROVAL_STAGES_MAX)
        return CX_ERR(LIMIT);
    for (size_t i = 0; i < in->stages_count; i++)
        CX_TRY(approval_stage_parse(in->stages[i].who, in->stages[i].approvers, request->diag,
                                    &stages.list[i]));
    if (approval_total(&stages) > APPROVAL_TOTAL_MAX)
        return cx_refuse(request->diag, CX_ERR(POLICY), "stages", "rule-total",
                         "At most %d approvals altogether.", APPROVAL_TOTAL_MAX);
    *ret_stages = stages;
    return CX_OK;
}

static cx_err subject_of(struct arena *arena, const struct api_approval_rule_create_in *in,
                         struct cx_str *ret_subject)
{
    struct cx_str name = in->has_role                  ? in->role
                         : in->has_certificate_profile ? in->certificate_profile
                                                       : CX_STR("");
    *ret_subject = name;
    if (!in->has_object)
        return CX_OK;
    return arena_printf(arena, ret_subject, "%s%s%.*s",
                        api_enum_name(&api_enum_policy_object, (int)in->object),
                        name.len ? "/" : "", CX_STR_ARG(name));
}

static cx_err fill(struct api_request *request, const struct api_approval_rule_create_in *in,
                   int64_t expires_in_hours, struct rule_change *change)
{
    struct tag_expression tags;
    struct row_approval_rule *row = &change->row;
    *row = (struct row_approval_rule){
        .tenant_id = request->principal.tenant_id,
        .action = cx_str_from(approval_action_name((enum approval_action)in->action)),
        .has_group_id = in->has_group_id,
        .group_id = in->group_id,
        .tags = CX_STR(""),
        .lifetime_s = expires_in_hours * HOUR_S,
        .has_escalate_s = in->has_escalate_after_hours,
        .escalate_s = in->escalate_after_hours * HOUR_S,
        .has_escalate_to = in->has_escalate_to_role,
        .escalate_to = in->escalate_to_role,
        .created_us = request->now_us,
        .created_by_id = request->principal.user_id,
    };
    CX_TRY(subject_of(request->arena, in, &row->subject));
    if (in->has_tags) {
        CX_TRY(tag_expression_parse(request->arena, in->tags, request->diag, &tags));
        CX_TRY(tag_expression_write(request->arena, &tags, &row->tags));
    }
    CX_TRY(cx_id_new(request->core->rng, &row->rule_id));
    struct field_place reason = {row->tenant_id, "approval_rule", "reason", row->rule_id};
    return field_seal_text(request->core, reason, in->reason, request->arena, &row->reason);
}

static cx_err check_role(struct store_tx *tx, const struct rule_change *change, struct cx_str role,
                         const char *field)
{
    struct permission_set permissions;
    bool known = false;
    CX_TRY(
        access_role_permissions(tx, change->row.tenant_id, role, ACCESS_NOW, &permissions, &known));
    return known ? CX_OK
                 : cx_refuse(change->request->diag, CX_ERR(POLICY), field, "role-unknown",
                             "There is no role %.*s.", CX_STR_ARG(role));
}

static cx_err check_group(struct store_tx *tx, const struct rule_change *change,
                          struct cx_id group_id, const char *field)
{
    struct api_request *request = change->request;
    struct group_row group;
    cx_err err = group_find(tx, change->row.tenant_id, group_id, request->arena, &group);
    return err.code == CX_E_NOTFOUND ? cx_refuse(request->diag, CX_ERR(POLICY), field,
                                                 "group-unknown", "There is no such group.")
                                     : err;
}

/* A rule that names what is not there would hold everything up, or nothing. */
static cx_err check_names(struct store_tx *tx, const struct rule_change *change)
{
    for (size_t i = 0; i < change->stages.count; i++) {
        const struct approval_stage *stage = &change->stages.list[i];
        if (stage->who == APPROVAL_ROLE)
            CX_TRY(check_role(tx, change, stage->role, "stages"));
        if (stage->who == APPROVAL_GROUP)
            CX_TRY(check_group(tx, change, stage->group_id, "stages"));
    }
    if (change->row.has_escalate_to)
        CX_TRY(check_role(tx, change, change->row.escalate_to, "escalate_to_role"));
    return change->row.has_group_id ? check_group(tx, change, change->row.group_id, "group_id")
                                    : CX_OK;
}

/* A rule about changes of policy is made and ended by those whom it names itself, whatever other rules say: so the first one
 * takes more than its author, what nobody can fill never comes into force, and the last one does not go by one person. */
static cx_err find_policy_plan(struct store_tx *tx, const struct rule_change *change,
                               const struct approval_rule *rule, struct approval_plan *ret_plan)
{
    struct api_request *request = change->request;
    const struct approval_case itself = {.action = APPROVAL_POLICY_CHANGE,
                                         .subject = rule->subject};
    struct approval_plan ruled, own;
    CX_TRY(policy_change_plan(tx, request->principal.tenant_id, CX_STR("approval-rule"),
                              CX_STR_NONE, request->now_us, request->arena, &ruled));
    approval_plan_choose(rule, 1, &itself, 0, request->now_us, &own);
    *ret_plan = *approval_plan_stricter(&ruled, &own);
    return CX_OK;
}

/* As it would be in force. */
static cx_err rule_of(const struct rule_change *change, struct approval_rule *ret_rule)
{
    const struct row_approval_rule *row = &change->row;
    struct approval_rule rule = {.rule_id = row->rule_id,
                                 .subject = row->subject,
                                 .lifetime_s = row->lifetime_s,
                                 .escalate_s = row->has_escalate_s ? row->escalate_s : 0,
                                 .escalate_to = row->escalate_to,
                                 .created_us = row->created_us,
                                 .stages = change->stages};
    CX_TRY(approval_action_from_name(row->action, &rule.action));
    *ret_rule = rule;
    return CX_OK;
}

static cx_err write_rule(struct store_tx *tx, void *arg)
{
    struct rule_change *change = arg;
    struct approval_rule rule;
    struct approval_plan plan;
    CX_TRY(check_names(tx, change));
    CX_TRY(rule_of(change, &rule));
    CX_TRY(find_policy_plan(tx, change, &rule, &plan));
    bool waits = approval_total(&plan.stages) > 0;
    change->row.has_in_force_us = !waits;
    change->row.in_force_us = change->request->now_us;
    CX_TRY(row_approval_rule_insert(tx, &change->row));
    CX_TRY(approval_stages_insert(tx, change->row.tenant_id, change->row.rule_id, &change->stages));
    CX_TRY(change_note_id(tx, change->row.tenant_id, CHANGE_APPROVAL_RULE, change->row.rule_id));
    return waits ? proposal_insert(tx, &change->proposal, &plan) : CX_OK;
}

static cx_err prepare_proposal(struct api_request *request, enum proposal_kind kind,
                               struct cx_id rule_id, struct cx_str reason,
                               struct row_proposal *ret_row)
{
    struct proposal_draft draft = {.kind = kind,
                                   .requester_id = request->principal.user_id,
                                   .target_id = rule_id,
                                   .reason = reason,
                                   .now_us = request->now_us};
    return proposal_prepare(request->core, request->principal.tenant_id, &draft, request->arena,
                            ret_row);
}

cx_err handle_approval_rule_create(struct api_request *request,
                                   const struct api_approval_rule_create_in *in,
                                   struct api_approval_rule_create_out *ret_out)
{
    struct rule_change *change = NULL;
    int64_t expires_in_hours = 0;
    CX_TRY(ARENA_NEW(request->arena, &change));
    change->request = request;
    CX_TRY(expiry_of(request, in, &expires_in_hours));
    CX_TRY(check_subject(request, in, expires_in_hours));
    CX_TRY(read_stages(request, in, &change->stages));
    CX_TRY(fill(request, in, expires_in_hours, change));
    CX_TRY(prepare_proposal(request, PROPOSAL_RULE_CREATE, change->row.rule_id, in->reason,
                            &change->proposal));
    struct field_detail details[] = {
        {"action", change->row.action}, {"subject", change->row.subject}, {"reason", in->reason}};
    struct audit_event event = {.object_type = CX_ID_RULE, .object_id = change->row.rule_id};
    CX_TRY(field_details(request->arena, details, CX_COUNT_OF(details), &event.details));
    CX_TRY(api_commit(request, &event, write_rule, change));
    return show_rule(request, change->row.rule_id, &ret_out->body);
}

static cx_err write_end(struct store_tx *tx, void *arg)
{
    struct rule_change *change = arg;
    struct api_request *request = change->request;
    const struct principal *me = &request->principal;
    struct approval_rule_row row;
    struct approval_plan plan;
    cx_err err = approval_rule_find(tx, me->tenant_id, change->row.rule_id, request->arena, &row);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    if (row.ended_us)
        return CX_OK; /* idempotent */
    CX_TRY(find_policy_plan(tx, change, &row.rule, &plan));
    if (approval_total(&plan.stages) > 0)
        return proposal_insert(tx, &change->proposal, &plan);
    return approval_rule_end(tx, me->tenant_id, change->row.rule_id, me->user_id, request->now_us);
}

cx_err handle_approval_rule_end(struct api_request *request,
                                const struct api_approval_rule_end_in *in,
                                struct api_approval_rule_end_out *ret_out)
{
    struct rule_change *change = NULL;
    struct audit_event event = {.object_type = CX_ID_RULE, .object_id = in->rule_id};
    struct field_detail details[] = {{"reason", in->reason}};
    CX_TRY(ARENA_NEW(request->arena, &change));
    change->request = request;
    change->row.rule_id = in->rule_id;
    CX_TRY(
        prepare_proposal(request, PROPOSAL_RULE_END, in->rule_id, in->reason, &change->proposal));
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_end, change));
    return show_rule(request, in->rule_id, &ret_out->body);
}
