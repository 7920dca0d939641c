/*
 * Looking at bugs on their schedule. A comment of anybody else becomes an entry of the timeline, at the time at which it was made:
 * whether it asks anything a program cannot tell, so each starts the clock for an answer. "Next update" of the whiteboard and
 * the end of the bug become entries too. Each comment counts once, by its number at the tracker.
 */
#include "base/cleanup.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"
#include "core/incident/record.h"
#include "core/tracker/bugzilla.h"
#include "core/tracker/tracker_store.h"
#include "core/tracker/worker.h"

enum {
    POLL_ARENA_MAX = 64 * 1024 * 1024,
    POLL_PAGE = 20,
    COMMENTS_MOST = 100, /* of one look; the rest at the next */
    ENTRIES_MOST = COMMENTS_MOST + 2,
};

struct polling {
    struct core *core;
    struct cx_id tenant_id;
    struct arena *arena;
    cx_time now_us;
    struct row_tracker tracker;
    struct row_tracker_bug bugs[POLL_PAGE];
    size_t bug_count;
};

/* One bug. */
struct look {
    struct polling *polling;
    struct row_tracker_bug row;
    struct tracker_line *line;
    struct tracker_answer answer;
    struct bugzilla_bug bug;
    struct bugzilla_comment *comments;
    size_t comment_count;
    struct row_tracker_comment rows[COMMENTS_MOST];
    size_t row_count;
    struct row_incident_entry entries[ENTRIES_MOST];
    size_t entry_count;
    bool known; /* answer of is_known */
    bool other_whiteboard;
    int64_t remote;
};

static cx_err read_due(struct store_tx *tx, void *arg)
{
    struct polling *p = arg;
    CX_TRY(tracker_find(tx, p->tenant_id, p->arena, &p->tracker));
    return tracker_bug_due(tx, p->tenant_id, p->now_us, POLL_PAGE, p->arena, p->bugs,
                           &p->bug_count);
}

static cx_err claim(struct store_tx *tx, void *arg)
{
    const struct look *look = arg;
    const struct polling *p = look->polling;
    return tracker_bug_claim(tx, &look->row, p->now_us + p->tracker.poll_s * CX_US_PER_S);
}

static cx_err set_fault(struct store_tx *tx, void *arg)
{
    const struct look *look = arg;
    return tracker_bug_set_fault(tx, &look->row, cx_str_from(look->answer.text));
}

static cx_err set_halted(struct store_tx *tx, void *arg)
{
    const struct look *look = arg;
    return tracker_bug_set_halted(tx, look->row.tenant_id, look->row.incident_id, true,
                                  look->polling->now_us);
}

static cx_err is_known(struct store_tx *tx, void *arg)
{
    struct look *look = arg;
    return tracker_comment_known(tx, look->row.tenant_id, look->row.incident_id, look->remote,
                                 &look->known);
}

/* ---- ask ---- */

static cx_err ask_comments(struct look *look)
{
    struct cx_str path = CX_STR_NONE;
    struct cx_diag diag = CX_DIAG_INIT;
    char from[CX_TIME_TEXT_MAX];
    CX_TRY(cx_time_format(look->row.comment_us - CX_US_PER_S, from));
    CX_TRY(arena_printf(look->line->arena, &path, "/bug/%lld/comment?new_since=%.19sZ",
                        (long long)look->row.number, from));
    CX_TRY(tracker_ask(look->line, OUTBOUND_TRACKER_GET, path, CX_BYTES_NONE, &look->answer));
    if (look->answer.verdict != TRACKER_DONE)
        return CX_OK;
    cx_err err =
        bugzilla_comments_parse(cx_buf_view(&look->answer.body), look->row.number,
                                look->line->arena, &diag, &look->comments, &look->comment_count);
    if (err.code == CX_E_NOMEM)
        return err;
    if (cx_failed(err))
        tracker_answer_garbled(&look->answer, &diag);
    return CX_OK;
}

/* ---- what is new ---- */

static cx_err add_entry(struct look *look, struct entry_draft draft)
{
    const struct polling *p = look->polling;
    draft.tenant_id = p->tenant_id;
    draft.incident_id = look->row.incident_id;
    draft.now_us = p->now_us;
    if (draft.at_us > p->now_us)
        draft.at_us = p->now_us; /* the tracker's clock is ahead */
    return incident_entry_prepare(p->core, p->arena, &draft, &look->entries[look->entry_count++]);
}

static cx_err add_comment(struct look *look, const struct bugzilla_comment *comment)
{
    const struct polling *p = look->polling;
    struct row_tracker_comment *row = &look->rows[look->row_count++];
    *row = (struct row_tracker_comment){.tenant_id = p->tenant_id,
                                        .incident_id = look->row.incident_id,
                                        .remote = comment->remote,
                                        .number = comment->number,
                                        .own = cx_str_eq(comment->author, look->line->login),
                                        .created_us = comment->created_us,
                                        .seen_us = p->now_us};
    CX_TRY(cx_id_new_at(p->core->rng, p->now_us, &row->comment_id));
    struct field_place author = {p->tenant_id, "tracker_comment", "author", row->comment_id};
    struct field_place body = {p->tenant_id, "tracker_comment", "body", row->comment_id};
    CX_TRY(field_seal_text(p->core, author, comment->author, p->arena, &row->author));
    CX_TRY(field_seal_text(p->core, body, comment->text, p->arena, &row->body));
    if (comment->created_us > look->row.comment_us)
        look->row.comment_us = comment->created_us;
    if (row->own || comment->number == 0)
        return CX_OK; /* the description is answered by the report itself */
    struct entry_draft draft = {.kind = KIND_COMMENT_RECEIVED, .at_us = comment->created_us};
    CX_TRY(arena_printf(p->arena, &draft.subject, "comment-%lld", (long long)comment->number));
    CX_TRY(arena_printf(p->arena, &draft.detail, "comment %lld of bug %lld",
                        (long long)comment->number, (long long)look->row.number));
    return add_entry(look, draft);
}

static cx_err add_comments(struct look *look)
{
    for (size_t i = 0; i < look->comment_count && look->row_count < COMMENTS_MOST; i++) {
        look->remote = look->comments[i].remote;
        CX_TRY(store_read(look->polling->core->store, is_known, look));
        if (!look->known)
            CX_TRY(add_comment(look, &look->comments[i]));
    }
    return CX_OK;
}

static cx_err add_state(struct look *look)
{
    const struct polling *p = look->polling;
    struct row_tracker_bug *row = &look->row;
    cx_time next_us = 0;
    bool has_next = bugzilla_next_update(look->bug.whiteboard, &next_us);
    if (has_next && (!row->has_next_update_us || row->next_update_us != next_us)) {
        const struct entry_draft draft = {.kind = KIND_NEXT_UPDATE_SET,
                                          .at_us = p->now_us,
                                          .has_due = true,
                                          .due_us = next_us,
                                          .detail = CX_STR("from the whiteboard")};
        CX_TRY(add_entry(look, draft));
    }
    if (cx_str_is(look->bug.status, "RESOLVED") && !cx_str_is(row->status, "RESOLVED")) {
        struct entry_draft draft = {.kind = KIND_RESOLVED, .at_us = p->now_us};
        CX_TRY(arena_printf(p->arena, &draft.detail, "bug %lld is %.*s", (long long)row->number,
                            CX_STR_ARG(look->bug.resolution)));
        CX_TRY(add_entry(look, draft));
    }
    row->has_next_update_us = has_next;
    row->next_update_us = next_us;
    row->status = look->bug.status;
    row->resolution = look->bug.resolution;
    row->polled_us = p->now_us;
    struct field_place place = {p->tenant_id, "tracker_bug", "whiteboard", row->incident_id};
    struct cx_str whiteboard = CX_STR("");
    if (row->has_whiteboard)
        CX_TRY(field_open_text(p->core, place, row->whiteboard, p->arena, &whiteboard));
    look->other_whiteboard = !cx_str_eq(whiteboard, look->bug.whiteboard);
    return field_seal_text(p->core, place, look->bug.whiteboard, p->arena, &row->whiteboard);
}

static cx_err write_look(struct store_tx *tx, void *arg)
{
    struct look *look = arg;
    for (size_t i = 0; i < look->row_count; i++)
        CX_TRY(row_tracker_comment_insert(tx, &look->rows[i]));
    for (size_t i = 0; i < look->entry_count; i++)
        CX_TRY(incident_append(tx, &look->entries[i]));
    return tracker_bug_seen(tx, &look->row);
}

/* ---- one bug ---- */

static cx_err commit(struct look *look, const char *action, store_fn fn)
{
    char number[24];
    struct field_detail details[] = {{"bug", CX_STR_NONE}};
    struct audit_event event = {.action = action,
                                .tenant_id = look->row.tenant_id,
                                .object_type = CX_ID_INCIDENT,
                                .object_id = look->row.incident_id};
    snprintf(number, sizeof(number), "%lld", (long long)look->row.number);
    details[0].value = cx_str_from(number);
    CX_TRY(field_details(look->polling->arena, details, 1, &event.details));
    cx_err err = audit_commit(look->polling->core, &event, fn, look);
    return err.code == CX_E_CONFLICT ? CX_OK : err; /* another node was first */
}

static bool is_open(const struct look *look)
{
    return look->row.restricted == 1 && !look->row.has_halted_us &&
           !bugzilla_bug_has_group(&look->bug, look->polling->tracker.secure_group);
}

static cx_err halt(struct look *look)
{
    const struct polling *p = look->polling;
    CX_TRY(tracker_raise_open(p->core, p->arena, p->tenant_id, look->row.incident_id,
                              CX_STR("the bug does not carry its security group any more")));
    return commit(look, "system.tracker.halt", set_halted);
}

static bool is_news(const struct look *look, const struct row_tracker_bug *before)
{
    return look->row_count > 0 || look->entry_count > 0 || !before->has_polled_us ||
           look->other_whiteboard || before->fault.len > 0 ||
           !cx_str_eq(before->status, look->row.status);
}

static cx_err look_at(struct look *look)
{
    const struct row_tracker_bug before = look->row;
    CX_TRY(tracker_read_bug(look->line, look->row.number, &look->bug, &look->answer));
    if (look->answer.verdict == TRACKER_DONE)
        CX_TRY(ask_comments(look));
    if (look->answer.verdict != TRACKER_DONE)
        return cx_str_is(before.fault, look->answer.text)
                   ? CX_OK
                   : commit(look, "system.tracker.fault", set_fault);
    if (is_open(look))
        CX_TRY(halt(look));
    CX_TRY(add_comments(look));
    CX_TRY(add_state(look));
    return is_news(look, &before) ? commit(look, "system.tracker.poll", write_look) : CX_OK;
}

static cx_err poll_one(struct polling *p, const struct row_tracker_bug *row)
{
    struct look *look = NULL;
    struct tracker_line line;
    CX_TRY(ARENA_NEW(p->arena, &look));
    *look = (struct look){.polling = p, .row = *row, .line = &line};
    look->answer.body = CX_BUF_INIT(0);
    /* A lease on a look; what it finds has its entry. */
    cx_err err = store_write(p->core->store, claim, look);
    if (err.code == CX_E_CONFLICT)
        return CX_OK;
    CX_TRY(err);
    CX_TRY(tracker_line_open(p->core, p->arena, &p->tracker, &line));
    err = look_at(look);
    tracker_line_close(&line);
    cx_buf_clear(&look->answer.body);
    return err;
}

cx_err tracker_poll_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(POLL_ARENA_MAX);
    struct polling *p = NULL;
    cx_err first = CX_OK;
    CX_TRY(ARENA_NEW(&arena, &p));
    *p = (struct polling){
        .core = core, .tenant_id = tenant_id, .arena = &arena, .now_us = cx_now(core->clock)};
    cx_err err = store_read(core->store, read_due, p);
    if (err.code == CX_E_NOTFOUND)
        return CX_OK;
    CX_TRY(err);
    for (size_t i = 0;
         i < p->bug_count && !os_worker_stopping(thread) && cx_str_is(p->tracker.state, "active");
         i++) {
        err = poll_one(p, &p->bugs[i]);
        if (cx_failed(err) && cx_is_ok(first))
            first = err;
    }
    return first;
}
