/* The explainers: a question about rights is itself a use of a right, and an entry in the log. */
#include "api_routes.h"
#include "core/access/explain.h"
#include "core/field.h"

enum { HOLDERS_MAX = 1000, CANDIDATES_MAX = 5000, REACH_SHOWN_MAX = 64 };

struct asking {
    struct api_request *request;
    struct explain_question question;
    struct cx_id user_id; /* zero: who may */
    struct explain_subject subject;
    struct api_grant_path *paths;
    size_t path_count;
    bool cut; /* there are more */
    bool allowed, has_path;
    struct cx_str why;
};

static cx_err read_question(struct api_request *request, struct cx_str permission, bool has_object,
                            struct cx_str object_id, bool past, cx_time as_of,
                            struct explain_question *ret_question)
{
    static const enum cx_id_type types[] = {CX_ID_REQUEST, CX_ID_CERTIFICATE, CX_ID_USER,
                                            CX_ID_GROUP};
    struct explain_question question = {.tenant_id = request->principal.tenant_id,
                                        .has_object = has_object,
                                        .past = past,
                                        .at_us = past ? as_of : request->now_us};
    bool known = !has_object;
    if (permission.len && cx_failed(access_permission_from_name(permission, &question.permission)))
        return cx_refuse(request->diag, CX_ERR(POLICY), "permission", "permission-unknown",
                         "There is no such permission.");
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && !known; i++) {
        known = cx_is_ok(cx_id_parse(types[i], object_id, &question.object_id));
        question.object_type = types[i];
    }
    if (!known)
        return cx_refuse(request->diag, CX_ERR(POLICY), "object_id", "object-kind",
                         "Ask about a request, a certificate, a user or a group.");
    if (past && as_of > request->now_us)
        return cx_refuse(request->diag, CX_ERR(POLICY), "as_of", "as-of-future",
                         "Nobody knows what will be granted by then.");
    *ret_question = question;
    return CX_OK;
}

static cx_err path_of(struct arena *arena, struct cx_id user_id, const struct access_held *held,
                      struct api_grant_path *ret_path)
{
    const struct access_binding *binding = held->binding;
    struct api_grant_path path = {.user_id = user_id,
                                  .binding_id = binding->binding_id,
                                  .all = binding->everywhere,
                                  .groups_count = held->path_count,
                                  .scope_groups_count = binding->group_count,
                                  .has_tags = binding->tags != NULL};
    struct cx_id *groups = NULL, *scope = NULL;
    struct cx_str *permissions = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, held->path_count, &groups));
    CX_TRY(ARENA_NEW_ARRAY(arena, binding->group_count, &scope));
    CX_TRY(ARENA_NEW_ARRAY(arena, PERMISSION_COUNT, &permissions));
    for (size_t i = 0; i < held->path_count; i++)
        groups[i] = held->path[i];
    for (size_t i = 0; i < binding->group_count; i++)
        scope[i] = binding->groups[i];
    for (int i = 0; i < PERMISSION_COUNT; i++)
        if (permission_set_has(&binding->permissions, (enum permission)i))
            permissions[path.permissions_count++] =
                cx_str_from(permission_name((enum permission)i));
    path.groups = groups;
    path.scope_groups = scope;
    path.has_permissions = true;
    path.permissions = permissions;
    CX_TRY(arena_copy_str(arena, binding->role, &path.role));
    if (binding->tags)
        CX_TRY(tag_expression_write(arena, binding->tags, &path.tags));
    *ret_path = path;
    return CX_OK;
}

/* ---- may they, and why ---- */

static cx_err read_answer(struct store_tx *tx, void *arg)
{
    struct asking *asking = arg;
    struct arena *arena = asking->request->arena;
    struct explain_verdict verdict;
    CX_TRY(explain_read(tx, &asking->question, asking->user_id, arena, &asking->subject));
    CX_TRY(
        explain_judge(tx, &asking->question, &asking->subject, asking->user_id, arena, &verdict));
    asking->allowed = verdict.allowed;
    asking->has_path = verdict.reason != NULL;
    cx_err err = arena_copy_str(arena, cx_str_from(verdict.why), &asking->why);
    if (cx_is_ok(err) && verdict.reason)
        err = path_of(arena, asking->user_id, verdict.reason, &asking->paths[0]);
    access_rights_release(verdict.rights);
    return err;
}

static cx_err record_only(struct store_tx *tx, void *arg)
{
    (void)tx;
    (void)arg;
    return CX_OK; /* that it was asked is the change */
}

/* The log knows who asked what, before anybody is told. */
static cx_err record(struct asking *asking, struct cx_str permission)
{
    struct api_request *request = asking->request;
    struct cx_str user = CX_STR_NONE, object = CX_STR_NONE;
    struct audit_event event = {0};
    if (!cx_id_is_zero(asking->user_id)) {
        event.object_type = CX_ID_USER;
        event.object_id = asking->user_id;
        CX_TRY(field_id_text(request->arena, CX_ID_USER, asking->user_id, &user));
    }
    if (asking->question.has_object)
        CX_TRY(field_id_text(request->arena, asking->question.object_type,
                             asking->question.object_id, &object));
    struct field_detail details[] = {
        {"user", user}, {"permission", permission}, {"object", object}};
    CX_TRY(field_details(request->arena, details, 3, &event.details));
    return api_commit(request, &event, record_only, NULL);
}

static cx_err ask(struct asking *asking, struct cx_str permission, store_fn read)
{
    struct api_request *request = asking->request;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, HOLDERS_MAX, &asking->paths));
    CX_TRY(record(asking, permission));
    cx_err err = store_read(request->core->store, read, asking);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "object_id", "subject-unknown",
                         "There is no such user or no such object.");
    return err;
}

cx_err handle_access_explain(struct api_request *request, const struct api_access_explain_in *in,
                             struct api_access_explain_out *ret_out)
{
    struct asking *asking = NULL;
    CX_TRY(ARENA_NEW(request->arena, &asking));
    asking->request = request;
    asking->user_id = in->user_id;
    CX_TRY(read_question(request, in->permission, in->has_object_id, in->object_id, in->has_as_of,
                         in->as_of, &asking->question));
    CX_TRY(ask(asking, in->permission, read_answer));
    ret_out->body = (struct api_access_answer){.allowed = asking->allowed,
                                               .complete = asking->subject.gap_count == 0,
                                               .why = asking->why,
                                               .as_of = asking->question.at_us,
                                               .has_path = asking->has_path,
                                               .path = asking->paths[0],
                                               .has_gaps = asking->subject.gap_count > 0,
                                               .gaps = asking->subject.gaps,
                                               .gaps_count = asking->subject.gap_count};
    return CX_OK;
}

/* ---- who may ---- */

/* Everybody whom a binding could concern: its users, and the members of groups. */
static cx_err candidates(struct asking *asking, struct cx_id **ret_users, size_t *ret_count)
{
    const struct access_state *state = &asking->subject.state;
    struct cx_id *users = NULL;
    size_t found = 0, count = 0;
    CX_TRY(ARENA_NEW_ARRAY(asking->request->arena, state->binding_count + state->member_count,
                           &users));
    for (size_t i = 0; i < state->binding_count; i++)
        if (state->bindings[i].subject == ACCESS_USER)
            users[found++] = state->bindings[i].subject_id;
    for (size_t i = 0; i < state->member_count; i++)
        users[found++] = state->members[i].user_id;
    qsort(users, found, sizeof(*users), access_id_compare);
    for (size_t i = 0; i < found; i++)
        if (count == 0 || !cx_id_eq(users[count - 1], users[i]))
            users[count++] = users[i];
    *ret_users = users;
    *ret_count = count;
    return CX_OK;
}

static cx_err add_holder(struct store_tx *tx, struct asking *asking, struct cx_id user_id)
{
    struct arena *arena = asking->request->arena;
    struct explain_verdict verdict;
    CX_TRY(explain_judge(tx, &asking->question, &asking->subject, user_id, arena, &verdict));
    cx_err err = CX_OK;
    if (verdict.allowed)
        err = path_of(arena, user_id, verdict.reason, &asking->paths[asking->path_count++]);
    access_rights_release(verdict.rights);
    return err;
}

static cx_err read_holders(struct store_tx *tx, void *arg)
{
    struct asking *asking = arg;
    struct cx_id *users = NULL;
    size_t count = 0;
    asking->path_count = 0;
    CX_TRY(explain_read(tx, &asking->question, (struct cx_id){{0}}, asking->request->arena,
                        &asking->subject));
    CX_TRY(candidates(asking, &users, &count));
    asking->cut = count > CANDIDATES_MAX;
    for (size_t i = 0; i < count && i < CANDIDATES_MAX; i++) {
        if (asking->path_count == HOLDERS_MAX) {
            asking->cut = true;
            return CX_OK;
        }
        CX_TRY(add_holder(tx, asking, users[i]));
    }
    return CX_OK;
}

static void note_cut(struct asking *asking)
{
    struct explain_subject *subject = &asking->subject;
    if (asking->cut && subject->gap_count < EXPLAIN_GAPS_MAX)
        subject->gaps[subject->gap_count++] =
            CX_STR("There are more persons than one answer holds; these are the first.");
}

cx_err handle_access_holders(struct api_request *request, const struct api_access_holders_in *in,
                             struct api_access_holders_out *ret_out)
{
    struct asking *asking = NULL;
    CX_TRY(ARENA_NEW(request->arena, &asking));
    asking->request = request;
    CX_TRY(read_question(request, in->permission, in->has_object_id, in->object_id, in->has_as_of,
                         in->as_of, &asking->question));
    CX_TRY(ask(asking, in->permission, read_holders));
    note_cut(asking);
    ret_out->body = (struct api_holders_answer){.complete = asking->subject.gap_count == 0,
                                                .as_of = asking->question.at_us,
                                                .has_gaps = asking->subject.gap_count > 0,
                                                .gaps = asking->subject.gaps,
                                                .gaps_count = asking->subject.gap_count,
                                                .items = asking->paths,
                                                .items_count = asking->path_count};
    return CX_OK;
}

/* ---- what may they ---- */

static cx_err read_rights(struct store_tx *tx, void *arg)
{
    struct asking *asking = arg;
    struct arena *arena = asking->request->arena;
    const struct access_held *held = NULL;
    struct explain_verdict verdict;
    asking->path_count = 0;
    CX_TRY(explain_read(tx, &asking->question, asking->user_id, arena, &asking->subject));
    CX_TRY(
        explain_judge(tx, &asking->question, &asking->subject, asking->user_id, arena, &verdict));
    size_t count = access_rights_held(verdict.rights, &held);
    cx_err err = CX_OK;
    asking->cut = count > HOLDERS_MAX;
    for (size_t i = 0; i < count && i < HOLDERS_MAX && cx_is_ok(err); i++)
        err = path_of(arena, asking->user_id, &held[i], &asking->paths[asking->path_count++]);
    access_rights_release(verdict.rights);
    return err;
}

cx_err handle_access_rights(struct api_request *request, const struct api_access_rights_in *in,
                            struct api_access_rights_out *ret_out)
{
    struct asking *asking = NULL;
    CX_TRY(ARENA_NEW(request->arena, &asking));
    asking->request = request;
    asking->user_id = in->user_id;
    CX_TRY(read_question(request, CX_STR_NONE, false, CX_STR_NONE, in->has_as_of, in->as_of,
                         &asking->question));
    CX_TRY(ask(asking, CX_STR_NONE, read_rights));
    note_cut(asking);
    ret_out->body = (struct api_rights_answer){.complete = asking->subject.gap_count == 0,
                                               .as_of = asking->question.at_us,
                                               .has_gaps = asking->subject.gap_count > 0,
                                               .gaps = asking->subject.gaps,
                                               .gaps_count = asking->subject.gap_count,
                                               .items = asking->paths,
                                               .items_count = asking->path_count};
    return CX_OK;
}
