#include "core/provisioning/group_write.h"

#include "base/cleanup.h"
#include "core/access/conflict.h"
#include "core/access/group_store.h"
#include "core/change/change.h"
#include "core/field.h"

enum { BATCH_MAX = 500, BATCH_TEXT_MAX = 20 * 1024, SLUG_MAX = 64 };

/* ---- coming in ---- */

static cx_err refuse_privileged(struct store_tx *tx, struct api_request *request,
                                const struct scim_group *group)
{
    bool privileged = false;
    if (group->privileged_allowed)
        return CX_OK;
    CX_TRY(scim_group_is_privileged(tx, request->principal.tenant_id, group->group_id,
                                    request->now_us, request->arena, &privileged));
    if (!privileged)
        return CX_OK;
    return cx_refuse(
        request->diag, CX_ERR(DENIED), "members", "group-privileged",
        "A privileged role comes with this group: an administrator has to allow that a "
        "directory adds to it (scim-group set).");
}

static cx_err come_in(struct store_tx *tx, struct scim_call *call, const struct scim_group *group,
                      struct cx_id user_id)
{
    struct api_request *request = call->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct scim_user user;
    bool member = false;
    cx_err err =
        scim_user_find(tx, tenant_id, call->client.user_id, user_id, request->arena, &user);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "members", "scim-value",
                         "A member is no user of this directory.");
    CX_TRY(err);
    CX_TRY(scim_is_member(tx, tenant_id, group->group_id, user_id, &member));
    if (member)
        return CX_OK;
    if (cx_id_eq(user_id, call->client.changed_by_id) || cx_id_eq(user_id, group->marked_by_id))
        return cx_refuse(request->diag, CX_ERR(DENIED), "members", "granter-is-receiver",
                         "A directory adds nobody to a group who knows its token or who handed it "
                         "the group; another person has to.");
    CX_TRY(group_add_member(tx, tenant_id, group->group_id, user_id, call->client.user_id,
                            request->now_us, request->diag));
    CX_TRY(refuse_privileged(tx, request, group));
    return access_conflict_check(tx, tenant_id, user_id, request->now_us, request->diag);
}

static cx_err go_out(struct store_tx *tx, struct scim_call *call, struct cx_id group_id,
                     struct cx_id user_id)
{
    struct api_request *request = call->request;
    struct scim_user user;
    cx_err err = scim_user_find(tx, request->principal.tenant_id, call->client.user_id, user_id,
                                request->arena, &user);
    if (cx_is_ok(err))
        err =
            group_end_member(tx, request->principal.tenant_id, group_id, user_id, request->now_us);
    return err.code == CX_E_NOTFOUND ? CX_OK : err; /* whoever is no member is out already */
}

/* ---- a step ---- */

struct work {
    struct scim_call *call;
    struct cx_id group_id;
    const struct scim_step *step;
    const struct cx_id *members; /* of this batch */
    size_t member_count;
    bool *out; /* those that were refused */
    size_t at; /* whose turn it is */
    struct cx_str text;
};

/* Everybody who is not among the step's members; of SCIM_STEP_REMOVE_ALL everybody. */
static cx_err keep(struct store_tx *tx, struct work *work)
{
    struct api_request *request = work->call->request;
    const struct scim_step *step = work->step;
    struct cx_id *users = NULL;
    size_t count = 0;
    CX_TRY(scim_members(tx, request->principal.tenant_id, work->call->client.user_id,
                        work->group_id, request->arena, &users, &count));
    for (size_t i = 0; i < count; i++)
        if (!step->member_count || !bsearch(&users[i], step->members, step->member_count,
                                            sizeof(users[i]), access_id_compare))
            CX_TRY(go_out(tx, work->call, work->group_id, users[i]));
    return CX_OK;
}

static cx_err refuse_name(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(CONFLICT), "displayName", "group-name-taken",
                     "Another group has this name. An administrator can hand an existing group to "
                     "the directory: scim-group set.");
}

static cx_err name_taken(struct store_tx *tx, struct scim_call *call, struct cx_str name,
                         struct cx_id but_id, bool *ret_taken)
{
    struct scim_key key = {.kind = SCIM_BY_NAME, .text = name};
    struct scim_group rows[2];
    size_t count = 0;
    CX_TRY(scim_lower(name, call->request->arena, &key.lower));
    CX_TRY(scim_group_search(tx, call->request->principal.tenant_id, call->client.user_id, &key, 0,
                             2, call->request->arena, rows, &count));
    *ret_taken = false;
    for (size_t i = 0; i < count; i++)
        *ret_taken = *ret_taken || !cx_id_eq(rows[i].group_id, but_id);
    return CX_OK;
}

/* The name that bindings were given under stays (access_group.name); this is what the directory calls it. */
static cx_err rename_group(struct store_tx *tx, struct work *work, struct scim_group *group)
{
    bool taken = false;
    if (work->step->kind == SCIM_STEP_EXTERNAL_ID) {
        group->external_id = work->step->text;
    } else {
        CX_TRY(name_taken(tx, work->call, work->step->text, group->group_id, &taken));
        if (taken)
            return refuse_name(work->call->request->diag);
        group->display_name = work->step->text;
    }
    group->changed_us = work->call->request->now_us;
    return scim_group_update(tx, work->call->request->principal.tenant_id, group);
}

static cx_err write_step(struct store_tx *tx, void *arg)
{
    struct work *work = arg;
    struct api_request *request = work->call->request;
    struct scim_group group;
    work->at = 0;
    CX_TRY(scim_group_find(tx, request->principal.tenant_id, work->call->client.user_id,
                           work->group_id, request->arena, &group));
    switch (work->step->kind) {
    case SCIM_STEP_NAME:
    case SCIM_STEP_EXTERNAL_ID:
        return rename_group(tx, work, &group);
    case SCIM_STEP_REMOVE_ALL:
    case SCIM_STEP_KEEP:
        return keep(tx, work);
    case SCIM_STEP_ADD:
    case SCIM_STEP_REMOVE:
        break;
    }
    for (; work->at < work->member_count; work->at++) {
        if (work->out[work->at])
            continue;
        CX_TRY(work->step->kind == SCIM_STEP_ADD
                   ? come_in(tx, work->call, &group, work->members[work->at])
                   : go_out(tx, work->call, work->group_id, work->members[work->at]));
    }
    return CX_OK;
}

static cx_err details_of(struct work *work, struct audit_event *event)
{
    static const char *const names[] = {
        [SCIM_STEP_NAME] = "display_name", [SCIM_STEP_EXTERNAL_ID] = "external_id",
        [SCIM_STEP_ADD] = "added",         [SCIM_STEP_REMOVE] = "removed",
        [SCIM_STEP_REMOVE_ALL] = "kept",   [SCIM_STEP_KEEP] = "kept"};
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(BATCH_TEXT_MAX);
    bool kept = work->step->kind == SCIM_STEP_KEEP || work->step->kind == SCIM_STEP_REMOVE_ALL;
    struct cx_str value = work->step->text;
    for (size_t i = 0; i < work->member_count; i++) {
        char id[CX_ID_TEXT_MAX];
        cx_id_format(CX_ID_USER, work->members[i], id);
        if (!work->out[i])
            CX_TRY(cx_buf_addf(&text, "%s%s", text.len ? ", " : "", id));
    }
    if (work->member_count)
        value = (struct cx_str){(const char *)text.ptr, text.len};
    if (kept)
        CX_TRY(arena_printf(work->call->request->arena, &value, "%zu members",
                            work->step->member_count));
    struct field_detail details[] = {{names[work->step->kind], value}};
    return field_details(work->call->request->arena, details, 1, &event->details);
}

static bool anybody_left(const struct work *work)
{
    for (size_t i = 0; i < work->member_count; i++)
        if (!work->out[i])
            return true;
    return work->member_count == 0;
}

/* Again without whom it refused, until everybody who may has come in. */
static cx_err run(struct work *work, struct scim_refusals *refused)
{
    struct api_request *request = work->call->request;
    while (anybody_left(work)) {
        struct audit_event event = {.object_type = CX_ID_GROUP, .object_id = work->group_id};
        CX_TRY(details_of(work, &event));
        cx_err err = api_commit(request, &event, write_step, work);
        if (cx_is_ok(err) || err.code == CX_E_NOTFOUND || !scim_is_refusal(err) ||
            !request->diag->rule[0])
            return err;
        scim_refused(refused, work->step->operation, err, request->diag);
        *request->diag = CX_DIAG_INIT;
        if (work->member_count == 0)
            return CX_OK;
        work->out[work->at] = true;
    }
    return CX_OK;
}

static cx_err run_step(struct scim_call *call, struct cx_id group_id, const struct scim_step *step,
                       struct scim_refusals *refused)
{
    bool by_member = step->kind == SCIM_STEP_ADD || step->kind == SCIM_STEP_REMOVE;
    struct work work = {.call = call, .group_id = group_id, .step = step};
    if (!by_member)
        return run(&work, refused);
    for (size_t at = 0; at < step->member_count; at += BATCH_MAX) {
        size_t left = step->member_count - at;
        work.members = step->members + at;
        work.member_count = left < BATCH_MAX ? left : BATCH_MAX;
        CX_TRY(ARENA_NEW_ARRAY(call->request->arena, work.member_count, &work.out));
        CX_TRY(run(&work, refused));
    }
    return CX_OK;
}

cx_err scim_group_steps(struct scim_call *call, struct cx_id group_id,
                        struct scim_group_document *document)
{
    for (const struct scim_step *step = document->steps; step; step = step->next)
        CX_TRY(run_step(call, group_id, step, &document->refused));
    return CX_OK;
}

/* ---- a new group ---- */

struct insertion {
    struct scim_call *call;
    const struct scim_group_document *document;
    struct row_access_group group;
    struct row_scim_group scim;
    struct cx_str other_name; /* when a group that is gone has the first */
};

static cx_err choose_name(struct store_tx *tx, const struct insertion *i,
                          struct row_access_group *row)
{
    bool taken = false, removed = false;
    CX_TRY(name_taken(tx, i->call, i->scim.display_name, (struct cx_id){{0}}, &taken));
    if (taken)
        return refuse_name(i->call->request->diag);
    CX_TRY(scim_group_name_taken(tx, row->tenant_id, row->name, &taken, &removed));
    if (taken && !removed)
        return refuse_name(i->call->request->diag);
    /* RFC 7644 §3.6: what is deleted MUST NOT count in conflicts; and nobody inherits what it was granted. */
    if (removed)
        row->name = i->other_name;
    return CX_OK;
}

static cx_err write_insertion(struct store_tx *tx, void *arg)
{
    const struct insertion *i = arg;
    struct row_access_group row = i->group;
    struct scim_group group = {.group_id = row.group_id, .marked_by_id = i->scim.marked_by_id};
    CX_TRY(choose_name(tx, i, &row));
    CX_TRY(row_access_group_insert(tx, &row));
    CX_TRY(change_note_id(tx, row.tenant_id, CHANGE_GROUP, row.group_id));
    CX_TRY(row_scim_group_insert(tx, &i->scim));
    CX_TRY(change_note_id(tx, row.tenant_id, CHANGE_SCIM_GROUP, row.group_id));
    for (const struct scim_step *step = i->document->steps; step; step = step->next)
        for (size_t k = 0; step->kind == SCIM_STEP_ADD && k < step->member_count; k++)
            CX_TRY(come_in(tx, i->call, &group, step->members[k]));
    return CX_OK;
}

/* "Certificate Admins" as "certificate-admins": names of groups here are of few characters. */
static cx_err slug_of(struct cx_str text, struct arena *arena, struct cx_str *ret_slug)
{
    char slug[SLUG_MAX];
    size_t len = 0;
    for (size_t i = 0; i < text.len && len < sizeof(slug); i++) {
        char c = text.ptr[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_')
            slug[len++] = c;
        else if (len && slug[len - 1] != '-')
            slug[len++] = '-';
    }
    while (len && slug[len - 1] == '-')
        len--;
    return arena_copy_str(arena, (struct cx_str){slug, len}, ret_slug);
}

static cx_err prepare_names(struct insertion *i)
{
    struct arena *arena = i->call->request->arena;
    char id[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_GROUP, i->group.group_id, id);
    struct cx_str unique = {id + 4, strlen(id) - 4};
    CX_TRY(slug_of(i->scim.display_name, arena, &i->group.name));
    CX_TRY(arena_printf(arena, &i->other_name, "group-%.*s", CX_STR_ARG(unique)));
    if (i->group.name.len == 0)
        i->group.name = i->other_name;
    return CX_OK;
}

cx_err scim_group_insert(struct scim_call *call, const struct scim_group_document *document,
                         struct cx_id *ret_group_id)
{
    struct api_request *request = call->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct insertion i = {.call = call, .document = document};
    i.group = (struct row_access_group){.tenant_id = tenant_id,
                                        .created_us = request->now_us,
                                        .has_created_by_id = true,
                                        .created_by_id = call->client.user_id};
    CX_TRY(cx_id_new(request->core->rng, &i.group.group_id));
    i.scim = (struct row_scim_group){.tenant_id = tenant_id,
                                     .group_id = i.group.group_id,
                                     .client_id = call->client.user_id,
                                     .display_name = CX_STR(""),
                                     .external_id = CX_STR(""),
                                     .made_here = 1,
                                     .marked_by_id = call->client.user_id,
                                     .created_us = request->now_us,
                                     .changed_us = request->now_us};
    for (const struct scim_step *step = document->steps; step; step = step->next) {
        if (step->kind == SCIM_STEP_NAME)
            i.scim.display_name = step->text;
        if (step->kind == SCIM_STEP_EXTERNAL_ID && step->text.len)
            i.scim.external_id = step->text;
    }
    CX_TRY(prepare_names(&i));
    struct audit_event event = {.object_type = CX_ID_GROUP, .object_id = i.group.group_id};
    struct field_detail details[] = {{"display_name", i.scim.display_name}};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    cx_err err = api_commit(request, &event, write_insertion, &i);
    if (err.code == CX_E_CONFLICT)
        return refuse_name(request->diag);
    CX_TRY(err);
    *ret_group_id = i.group.group_id;
    return CX_OK;
}

static cx_err write_deletion(struct store_tx *tx, void *arg)
{
    struct work *work = arg;
    struct api_request *request = work->call->request;
    struct scim_group group;
    CX_TRY(scim_group_find(tx, request->principal.tenant_id, work->call->client.user_id,
                           work->group_id, request->arena, &group));
    CX_TRY(keep(tx, work));
    group.privileged_allowed = false;
    group.changed_us = group.removed_us = request->now_us;
    return scim_group_update(tx, request->principal.tenant_id, &group);
}

cx_err scim_group_delete(struct scim_call *call, struct cx_id group_id)
{
    const struct scim_step everybody = {.kind = SCIM_STEP_REMOVE_ALL};
    struct work work = {.call = call, .group_id = group_id, .step = &everybody};
    struct audit_event event = {.object_type = CX_ID_GROUP, .object_id = group_id};
    return api_commit(call->request, &event, write_deletion, &work);
}
