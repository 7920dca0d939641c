/* The bug of an incident: what the tracker says of it, its comments, one that somebody else filed, and looking again at one that was
 * halted. */
#include "api_routes.h"
#include "core/field.h"
#include "core/incident/record.h"
#include "core/tracker/ask.h"
#include "core/tracker/bugzilla.h"
#include "core/tracker/tracker_store.h"
#include "core/tracker/worker.h"

struct reading {
    struct api_request *request;
    struct cx_id incident_id;
    struct row_tracker tracker;
    struct row_tracker_bug bug;
    bool has_tracker;
    int64_t after;
    struct row_tracker_comment rows[TRACKER_COMMENT_PAGE];
    size_t count;
    struct incident incident;
};

static cx_err read_bug(struct store_tx *tx, void *arg)
{
    struct reading *r = arg;
    struct cx_id tenant_id = r->request->principal.tenant_id;
    struct arena *arena = r->request->arena;
    cx_err err = tracker_find(tx, tenant_id, arena, &r->tracker);
    r->has_tracker = cx_is_ok(err);
    if (cx_failed(err) && err.code != CX_E_NOTFOUND)
        return err;
    err = tracker_bug_find(tx, tenant_id, r->incident_id, arena, &r->bug);
    return err.code == CX_E_NOTFOUND ? cx_refuse(r->request->diag, err, "incident_id",
                                                 "tracker-bug-missing", "The incident has no bug.")
                                     : err;
}

static cx_err view_of(struct api_request *request, const struct row_tracker_bug *row,
                      struct api_tracker_bug_view *ret_view)
{
    struct api_tracker_bug_view view = {.number = row->number,
                                        .restricted = row->restricted == 1,
                                        .has_halted = row->has_halted_us,
                                        .halted = row->halted_us,
                                        .opened = row->opened_us,
                                        .has_status = row->status.len > 0,
                                        .status = row->status,
                                        .has_resolution = row->resolution.len > 0,
                                        .resolution = row->resolution,
                                        .has_whiteboard = row->has_whiteboard,
                                        .has_next_update = row->has_next_update_us,
                                        .next_update = row->next_update_us,
                                        .has_polled = row->has_polled_us,
                                        .polled = row->polled_us,
                                        .has_fault = row->fault.len > 0,
                                        .fault = row->fault};
    struct field_place place = {row->tenant_id, "tracker_bug", "whiteboard", row->incident_id};
    if (row->has_whiteboard)
        CX_TRY(field_open_text(request->core, place, row->whiteboard, request->arena,
                               &view.whiteboard));
    *ret_view = view;
    return CX_OK;
}

static cx_err load(struct api_request *request, struct cx_id incident_id, store_fn fn,
                   struct reading **ret_reading)
{
    struct reading *r = NULL;
    CX_TRY(ARENA_NEW(request->arena, &r));
    r->request = request;
    r->incident_id = incident_id;
    CX_TRY(store_read(request->core->store, fn, r));
    *ret_reading = r;
    return CX_OK;
}

static cx_err show(struct api_request *request, struct cx_id incident_id,
                   struct api_tracker_bug_view *ret_view)
{
    struct reading *r = NULL;
    CX_TRY(load(request, incident_id, read_bug, &r));
    return view_of(request, &r->bug, ret_view);
}

cx_err handle_incident_bug(struct api_request *request, const struct api_incident_bug_in *in,
                           struct api_incident_bug_out *ret_out)
{
    return show(request, in->incident_id, &ret_out->body);
}

/* ---- comments ---- */

static cx_err read_comments(struct store_tx *tx, void *arg)
{
    struct reading *r = arg;
    struct cx_id tenant_id = r->request->principal.tenant_id;
    CX_TRY(read_bug(tx, arg));
    CX_TRY(incident_load(tx, r->request->core, tenant_id, r->incident_id, r->request->now_us,
                         r->request->arena, &r->incident));
    return tracker_comment_page(tx, tenant_id, r->incident_id, r->after, r->request->arena, r->rows,
                                &r->count);
}

static bool is_answered(const struct incident *incident, int64_t number)
{
    char subject[40];
    snprintf(subject, sizeof(subject), "comment-%lld", (long long)number);
    for (size_t i = 0; i < incident->entry_count; i++)
        if (incident->entries[i].clock.kind == KIND_COMMENT_ANSWERED &&
            cx_str_is(incident->entries[i].clock.subject, subject))
            return true;
    return false;
}

static cx_err view_comment(struct reading *r, size_t i, struct api_tracker_comment_view *ret_view)
{
    const struct row_tracker_comment *row = &r->rows[i];
    struct api_request *request = r->request;
    struct api_tracker_comment_view view = {.number = row->number,
                                            .own = row->own == 1,
                                            .created = row->created_us,
                                            .seen = row->seen_us,
                                            .answered = row->own == 1 || row->number == 0 ||
                                                        is_answered(&r->incident, row->number)};
    struct field_place author = {row->tenant_id, "tracker_comment", "author", row->comment_id};
    struct field_place body = {row->tenant_id, "tracker_comment", "body", row->comment_id};
    CX_TRY(field_open_text(request->core, author, row->author, request->arena, &view.author));
    CX_TRY(field_open_text(request->core, body, row->body, request->arena, &view.text));
    *ret_view = view;
    return CX_OK;
}

cx_err handle_incident_bug_comments(struct api_request *request,
                                    const struct api_incident_bug_comments_in *in,
                                    struct api_incident_bug_comments_out *ret_out)
{
    struct reading *r = NULL;
    struct api_tracker_comment_view *items = NULL;
    CX_TRY(ARENA_NEW(request->arena, &r));
    r->request = request;
    r->incident_id = in->incident_id;
    r->after = in->has_after ? in->after : -1;
    CX_TRY(store_read(request->core->store, read_comments, r));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, r->count, &items));
    for (size_t i = 0; i < r->count; i++)
        CX_TRY(view_comment(r, i, &items[i]));
    ret_out->body = (struct api_tracker_comment_list){.items = items, .items_count = r->count};
    return CX_OK;
}

/* ---- one that is there already ---- */

static cx_err read_for_link(struct store_tx *tx, void *arg)
{
    struct reading *r = arg;
    struct row_tracker_post *posts = NULL;
    struct api_request *request = r->request;
    size_t count = 0;
    cx_err err =
        tracker_bug_find(tx, request->principal.tenant_id, r->incident_id, request->arena, &r->bug);
    if (cx_is_ok(err))
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "incident_id", "tracker-filed",
                         "The incident has bug %lld.", (long long)r->bug.number);
    if (err.code != CX_E_NOTFOUND)
        return err;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, TRACKER_POSTS_MAX, &posts));
    CX_TRY(tracker_post_list(tx, request->principal.tenant_id, r->incident_id, request->arena,
                             posts, &count));
    for (size_t i = 0; i < count; i++)
        if (cx_str_is(posts[i].kind, "file") && cx_str_is(posts[i].state, "waiting"))
            return cx_refuse(request->diag, CX_ERR(CONFLICT), "incident_id", "tracker-filed",
                             "A post that files a bug is on its way: withdraw it first.");
    struct incident_row incident;
    err =
        incident_find(tx, request->principal.tenant_id, r->incident_id, request->arena, &incident);
    return err.code == CX_E_NOTFOUND ? cx_refuse(request->diag, err, "incident_id",
                                                 "incident-unknown", "There is no such incident.")
                                     : err;
}

static cx_err write_link(struct store_tx *tx, void *arg)
{
    const struct reading *r = arg;
    cx_err err = row_tracker_bug_insert(tx, &r->bug);
    return err.code == CX_E_CONFLICT ? cx_refuse(r->request->diag, err, "number", "tracker-filed",
                                                 "That bug is another incident's.")
                                     : err;
}

cx_err handle_incident_bug_link(struct api_request *request,
                                const struct api_incident_bug_link_in *in,
                                struct api_incident_bug_link_out *ret_out)
{
    struct reading *r = NULL;
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    char number[24];
    CX_TRY(load(request, in->incident_id, read_for_link, &r));
    snprintf(number, sizeof(number), "%lld", (long long)in->number);
    r->bug = (struct row_tracker_bug){.tenant_id = request->principal.tenant_id,
                                      .incident_id = in->incident_id,
                                      .number = in->number,
                                      .restricted = in->restricted,
                                      .opened_us = request->now_us,
                                      .status = CX_STR(""),
                                      .resolution = CX_STR(""),
                                      .fault = CX_STR(""),
                                      .comment_us = 0,
                                      .poll_due_us = request->now_us};
    struct field_detail details[] = {{"bug", cx_str_from(number)}};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_link, r));
    return show(request, in->incident_id, &ret_out->body);
}

/* ---- looking again ---- */

static cx_err write_checked(struct store_tx *tx, void *arg)
{
    const struct reading *r = arg;
    return tracker_bug_set_halted(tx, r->request->principal.tenant_id, r->incident_id,
                                  r->bug.restricted == 1, 0);
}

static cx_err look(struct reading *r, struct bugzilla_bug *ret_bug)
{
    struct api_request *request = r->request;
    struct tracker_answer answer = {.body = CX_BUF_INIT(0)};
    struct tracker_line line;
    CX_TRY(tracker_line_open(request->core, request->arena, &r->tracker, &line));
    cx_err err = tracker_read_bug(&line, r->bug.number, ret_bug, &answer);
    tracker_line_close(&line);
    cx_buf_clear(&answer.body);
    CX_TRY(err);
    return answer.verdict == TRACKER_DONE
               ? CX_OK
               : cx_refuse(request->diag, CX_ERR(BUSY), "", "tracker-unreachable",
                           "The tracker does not show the bug: %s.", answer.text);
}

cx_err handle_incident_bug_check(struct api_request *request,
                                 const struct api_incident_bug_check_in *in,
                                 struct api_incident_bug_check_out *ret_out)
{
    struct reading *r = NULL;
    struct bugzilla_bug bug = {.number = 0};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(load(request, in->incident_id, read_bug, &r));
    if (!r->has_tracker)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "", "tracker-unknown",
                         "No tracker is set.");
    CX_TRY(look(r, &bug));
    if (in->restricted && !bugzilla_bug_has_group(&bug, r->tracker.secure_group))
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "restricted", "tracker-halted",
                         "Bug %lld does not carry its security group.", (long long)r->bug.number);
    r->bug.restricted = in->restricted;
    struct field_detail details[] = {
        {"restricted", in->restricted ? CX_STR("true") : CX_STR("false")}};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_checked, r));
    return show(request, in->incident_id, &ret_out->body);
}
