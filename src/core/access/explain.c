#include "core/access/explain.h"
#include "core/access/access_store.h"
#include "core/access/place.h"

static void add_gap(struct explain_subject *subject, const char *text)
{
    if (subject->gap_count < EXPLAIN_GAPS_MAX)
        subject->gaps[subject->gap_count++] = cx_str_from(text);
}

static cx_err requester_of(struct store_tx *tx, struct cx_id tenant_id, struct cx_id request_id,
                           struct cx_id *ret_requester)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(
        tx, "SELECT requester_id FROM request WHERE tenant_id = $1 AND request_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, request_id);
    CX_TRY(store_step(q, &row));
    *ret_requester = row ? store_col_id(q, 0) : (struct cx_id){{0}};
    return CX_OK;
}

static cx_err read_object(struct store_tx *tx, const struct explain_question *question,
                          struct arena *arena, struct explain_subject *subject)
{
    struct access_place_read *read = NULL;
    struct user_row user;
    struct cx_id *groups = NULL;
    CX_TRY(ARENA_NEW(arena, &read));
    switch (question->object_type) {
    case CX_ID_REQUEST:
        CX_TRY(access_place_of_request(tx, question->tenant_id, question->object_id, arena, read));
        subject->object.place = access_place_view(read);
        return requester_of(tx, question->tenant_id, question->object_id,
                            &subject->object.requester_id);
    case CX_ID_CERTIFICATE:
        CX_TRY(
            access_place_of_certificate(tx, question->tenant_id, question->object_id, arena, read));
        subject->object.place = access_place_view(read);
        if (question->past && read->placed_us > question->at_us)
            add_gap(subject, "Group and tags of the certificate have changed since: those of now "
                             "were taken.");
        return CX_OK;
    case CX_ID_USER:
        CX_TRY(user_find(tx, question->tenant_id, question->object_id, arena, &user));
        CX_TRY(access_groups_of(tx, question->tenant_id, question->object_id,
                                question->past ? question->at_us : ACCESS_NOW, arena, &groups,
                                &subject->object.place.group_count));
        subject->object.place.groups = groups;
        return CX_OK;
    case CX_ID_GROUP:
        subject->object_groups[0] = question->object_id;
        subject->object.place.groups = subject->object_groups;
        subject->object.place.group_count = 1;
        return CX_OK;
    default:
        return CX_ERR(NOTFOUND);
    }
}

/* Who decides for another does so by the other's right (core/approval): it is none of their own, and is said beside the answer. */
static cx_err note_delegations(struct store_tx *tx, const struct explain_question *question,
                               struct cx_id user_id, struct explain_subject *subject)
{
    struct store_stmt *q = NULL;
    bool any = false;
    if (question->permission != PERMISSION_REQUEST_APPROVE &&
        question->permission != PERMISSION_REQUEST_REJECT)
        return CX_OK;
    CX_TRY(store_prepare(tx,
                         "SELECT 1 FROM delegation WHERE tenant_id = $1 "
                         "AND (delegate_id = $2 OR $2 IS NULL) AND start_us <= $3 "
                         "AND expires_us > $3 AND created_us <= $3 "
                         "AND (ended_us IS NULL OR ended_us > $3) LIMIT 1",
                         &q));
    store_bind_id(q, 1, question->tenant_id);
    if (cx_id_is_zero(user_id))
        store_bind_null(q, 2);
    else
        store_bind_id(q, 2, user_id);
    store_bind_int(q, 3, question->at_us);
    CX_TRY(store_step(q, &any));
    if (any)
        add_gap(subject, "Somebody has a delegation by which they decide in another's place: that "
                         "other's right counts there, not theirs.");
    return CX_OK;
}

cx_err explain_read(struct store_tx *tx, const struct explain_question *question,
                    struct cx_id user_id, struct arena *arena, struct explain_subject *ret_subject)
{
    cx_time at_us = question->past ? question->at_us : ACCESS_NOW;
    *ret_subject = (struct explain_subject){0}; /* a closure may run again */
    if (question->has_object)
        CX_TRY(read_object(tx, question, arena, ret_subject));
    if (question->past)
        add_gap(ret_subject, "An account that was disabled and enabled again since counts as "
                             "enabled all the time, and a service account as owned.");
    CX_TRY(note_delegations(tx, question, user_id, ret_subject));
    if (cx_id_is_zero(user_id))
        return access_state_all(tx, question->tenant_id, at_us, arena, &ret_subject->state);
    return access_state_of(tx, question->tenant_id, (struct access_subject_ids){.user_id = user_id},
                           at_us, arena, &ret_subject->state);
}

static bool was_active(const struct user_row *user, const struct explain_question *question)
{
    if (!question->past)
        return user->state == USER_ACTIVE;
    return user->created_us <= question->at_us && user->state != USER_INVITED &&
           (user->disabled_us == 0 || user->disabled_us > question->at_us);
}

static cx_err decide(struct store_tx *tx, const struct explain_question *question,
                     const struct explain_subject *subject, const struct user_row *user,
                     struct explain_verdict *verdict)
{
    struct cx_diag diag = CX_DIAG_INIT;
    struct access_object object = subject->object;
    struct principal principal = {.tenant_id = question->tenant_id,
                                  .user_id = user->user_id,
                                  .rights = verdict->rights,
                                  .authenticated = true};
    if (question->permission == PERMISSION_REQUEST_APPROVE && !cx_id_is_zero(object.requester_id))
        CX_TRY(access_tie_find(tx, question->tenant_id, object.requester_id, user->user_id,
                               &object.tie));
    cx_err err =
        authorise(&principal, question->permission, question->has_object ? &object : NULL, &diag);
    verdict->allowed = cx_is_ok(err) && was_active(user, question);
    if (!was_active(user, question))
        snprintf(verdict->why, sizeof(verdict->why), "The account is not active.");
    else if (err.code == CX_E_NOTFOUND)
        snprintf(verdict->why, sizeof(verdict->why),
                 "No binding of this person reaches the object: for them it does not exist.");
    else if (cx_failed(err))
        snprintf(verdict->why, sizeof(verdict->why), "%.64s: %.300s", diag.rule, diag.text);
    else
        snprintf(verdict->why, sizeof(verdict->why), "The role %.*s has it%s.",
                 CX_STR_ARG(verdict->reason->binding->role),
                 verdict->reason->binding->everywhere ? " everywhere" : " there");
    return CX_OK;
}

/* The binding to name: for an object one that reaches it; for an operation that will do anywhere, any that has it. */
static const struct access_held *reason_of(const struct explain_question *question,
                                           const struct explain_subject *subject,
                                           const struct access_rights *rights)
{
    const struct access_held *held = NULL;
    const struct access_held *reason =
        access_rights_reason(rights, question->permission, &subject->object.place);
    size_t count = access_rights_held(rights, &held);
    if (reason || question->has_object ||
        access_permission_reach(question->permission) == ACCESS_REACH_TENANT)
        return reason;
    for (size_t i = 0; i < count && !reason; i++)
        if (permission_set_has(&held[i].binding->permissions, question->permission))
            reason = &held[i];
    return reason;
}

cx_err explain_judge(struct store_tx *tx, const struct explain_question *question,
                     const struct explain_subject *subject, struct cx_id user_id,
                     struct arena *arena, struct explain_verdict *ret_verdict)
{
    struct explain_verdict verdict = {0};
    struct user_row user;
    bool usable = false;
    CX_TRY(user_find(tx, question->tenant_id, user_id, arena, &user));
    CX_TRY(user_is_usable(tx, question->tenant_id, &user, &usable));
    if (!usable && !question->past && user.state == USER_ACTIVE)
        user.state = USER_DISABLED; /* a service account that nobody active owns works as little */
    CX_TRY(access_rights_compile(&subject->state, (struct access_subject_ids){.user_id = user_id},
                                 question->at_us, &verdict.rights));
    verdict.reason = reason_of(question, subject, verdict.rights);
    cx_err err = decide(tx, question, subject, &user, &verdict);
    if (cx_failed(err)) {
        access_rights_release(verdict.rights);
        return err;
    }
    *ret_verdict = verdict;
    return CX_OK;
}
