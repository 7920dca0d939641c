/*
 * Just-in-time elevation: who is eligible for a role activates it for hours, with ticket and reason. A rule may say that
 * others decide first. The activation is a binding of its own, so that it begins and ends by the clock and shows among
 * the bindings for good.
 */
#include "api_routes.h"
#include "base/checked.h"
#include "core/access/access_store.h"
#include "core/access/binding_store.h"
#include "core/access/conflict.h"
#include "core/access/binding_view.h"
#include "core/approval/proposal.h"
#include "core/field.h"
#include "core/setting/setting.h"

struct elevation {
    struct api_request *request;
    struct cx_id source_id;
    int64_t duration_us;
    struct binding_row source;
    struct access_grant_row grant;
    struct row_proposal proposal;
};

/* One's own eligible binding, directly or through a group; others' do not exist. */
static cx_err check_source(struct store_tx *tx, struct elevation *elevation)
{
    struct api_request *request = elevation->request;
    const struct principal *me = &request->principal;
    struct cx_id *people = NULL;
    size_t count = 0;
    cx_err err =
        binding_find(tx, me->tenant_id, elevation->source_id, request->arena, &elevation->source);
    const struct binding_row *source = &elevation->source;
    bool mine = cx_is_ok(err) && cx_id_eq(source->subject_id, me->user_id);
    if (cx_is_ok(err) && source->subject == ACCESS_GROUP)
        CX_TRY(access_people_of(tx, me->tenant_id, source->subject_id, request->arena, &people,
                                &count));
    for (size_t i = 0; i < count && !mine; i++)
        mine = cx_id_eq(people[i], me->user_id);
    if (err.code == CX_E_NOTFOUND || (cx_is_ok(err) && !mine))
        return cx_refuse(request->diag, CX_ERR(NOTFOUND), "binding_id", "binding-unknown",
                         "There is no such binding.");
    CX_TRY(err);
    if (source->standing != BINDING_ELIGIBLE || source->break_glass || source->ended_us ||
        source->start_us > request->now_us || source->expires_us <= request->now_us)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "binding_id", "binding-not-eligible",
                         "Only a binding that makes eligible, and is in force, is activated.");
    return CX_OK;
}

static cx_err check_life(struct store_tx *tx, const struct elevation *elevation)
{
    const struct api_request *request = elevation->request;
    const struct setting_question question = {
        request->principal.tenant_id, SETTING_ELEVATION_LIFE, "An activation", "minutes",
        "elevation-too-long",         elevation->duration_us, request->now_us};
    return setting_check_life(tx, &question, request->diag);
}

static cx_err read_source(struct store_tx *tx, void *arg)
{
    return check_source(tx, arg);
}

static cx_err write_elevation(struct store_tx *tx, void *arg)
{
    struct elevation *elevation = arg;
    struct api_request *request = elevation->request;
    const struct principal *me = &request->principal;
    struct approval_plan plan;
    CX_TRY(check_source(tx, elevation));
    CX_TRY(check_life(tx, elevation));
    CX_TRY(approval_plan_find(tx, me->tenant_id, APPROVAL_ELEVATION, elevation->source.role, NULL,
                              0, request->now_us, request->arena, &plan));
    bool waits = approval_total(&plan.stages) > 0;
    access_grant_stand(&elevation->grant, waits ? BINDING_PROPOSED : BINDING_BOUND);
    if (!waits) {
        CX_TRY(access_grant_write(tx, &elevation->grant, request->diag));
        return access_conflict_check(tx, me->tenant_id, me->user_id, request->now_us,
                                     request->diag);
    }
    CX_TRY(access_grant_write(tx, &elevation->grant, request->diag));
    return proposal_insert(tx, &elevation->proposal, &plan);
}

static cx_err prepare(struct elevation *elevation, struct cx_str reason)
{
    struct api_request *request = elevation->request;
    const struct binding_row *source = &elevation->source;
    struct cx_id me = request->principal.user_id, tenant_id = request->principal.tenant_id;
    cx_time end_us = request->now_us + elevation->duration_us;
    struct access_grant grant = {
        .source_id = source->binding_id,
        .subject = ACCESS_USER,
        .subject_id = me,
        .role = source->role,
        .everywhere = source->everywhere,
        .groups = source->groups,
        .group_count = source->group_count,
        .tags = source->tags,
        .start_us = request->now_us,
        .expires_us = end_us < source->expires_us ? end_us : source->expires_us,
        .reason = reason,
        .by = me,
        .now_us = request->now_us,
    };
    CX_TRY(access_grant_prepare(request->core, tenant_id, &grant, request->arena, request->diag,
                                &elevation->grant));
    struct proposal_draft draft = {.kind = PROPOSAL_ELEVATION,
                                   .requester_id = me,
                                   .target_id = elevation->grant.row.binding_id,
                                   .duration_us = elevation->duration_us,
                                   .reason = reason,
                                   .now_us = request->now_us};
    return proposal_prepare(request->core, tenant_id, &draft, request->arena, &elevation->proposal);
}

cx_err handle_binding_activate(struct api_request *request,
                               const struct api_binding_activate_in *in,
                               struct api_binding_activate_out *ret_out)
{
    struct elevation *elevation = NULL;
    struct cx_str reason = CX_STR_NONE, source = CX_STR_NONE;
    CX_TRY(ARENA_NEW(request->arena, &elevation));
    elevation->request = request;
    elevation->source_id = in->binding_id;
    elevation->duration_us = in->minutes * 60 * CX_US_PER_S;
    if (request->principal.narrowed)
        return cx_refuse(request->diag, CX_ERR(DENIED), "", "token-narrowed",
                         "This token has a part of your rights only; it cannot add to them.");
    CX_TRY(store_read(request->core->store, read_source, elevation));
    CX_TRY(arena_printf(request->arena, &reason, "%.*s: %.*s", CX_STR_ARG(in->ticket),
                        CX_STR_ARG(in->reason)));
    CX_TRY(prepare(elevation, reason));
    CX_TRY(field_id_text(request->arena, CX_ID_BINDING, in->binding_id, &source));
    struct field_detail details[] = {{"eligible", source},
                                     {"role", elevation->source.role},
                                     {"ticket", in->ticket},
                                     {"reason", in->reason}};
    struct audit_event event = {.object_type = CX_ID_BINDING,
                                .object_id = elevation->grant.row.binding_id};
    CX_TRY(field_details(request->arena, details, CX_COUNT_OF(details), &event.details));
    CX_TRY(api_commit(request, &event, write_elevation, elevation));
    return access_binding_show(request, event.object_id, &ret_out->body);
}
