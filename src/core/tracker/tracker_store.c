#include "core/tracker/tracker_store.h"

#include "base/checked.h"

/* A nullable sealed or plain column in arena. */
static cx_err take_sealed(const struct store_stmt *q, int column, struct arena *arena,
                          struct cx_sealed *ret_sealed)
{
    return arena_copy(arena, store_col_sealed(q, column).envelope, &ret_sealed->envelope);
}

#define TRACKER_COLUMNS                                                                            \
    "tracker_id, state, base_url, login, api_key, owner_name, product, component, "                \
    "secure_component, secure_group, bug_version, bug_type, whiteboard, needinfo, "                \
    "report_address, microsoft_address, ca_pem, poll_s, changed_us, changed_by_id"

cx_err tracker_find(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                    struct row_tracker *ret_row)
{
    struct store_stmt *q = NULL;
    bool found = false;
    CX_TRY(store_prepare(tx, "SELECT " TRACKER_COLUMNS " FROM tracker WHERE tenant_id = $1", &q));
    store_bind_id(q, 1, tenant_id);
    CX_TRY(store_step(q, &found));
    if (!found)
        return CX_ERR(NOTFOUND);
    struct row_tracker row = {.tenant_id = tenant_id,
                              .tracker_id = store_col_id(q, 0),
                              .poll_s = store_col_int(q, 17),
                              .changed_us = store_col_int(q, 18),
                              .changed_by_id = store_col_id(q, 19)};
    struct cx_str *const texts[] = {[1] = &row.state,
                                    [2] = &row.base_url,
                                    [5] = &row.owner_name,
                                    [6] = &row.product,
                                    [7] = &row.component,
                                    [8] = &row.secure_component,
                                    [9] = &row.secure_group,
                                    [10] = &row.bug_version,
                                    [11] = &row.bug_type,
                                    [12] = &row.whiteboard,
                                    [13] = &row.needinfo,
                                    [14] = &row.report_address,
                                    [15] = &row.microsoft_address,
                                    [16] = &row.ca_pem};
    for (size_t i = 0; i < CX_COUNT_OF(texts); i++)
        if (texts[i])
            CX_TRY(arena_copy_str(arena, store_col_text(q, (int)i), texts[i]));
    CX_TRY(take_sealed(q, 3, arena, &row.login));
    CX_TRY(take_sealed(q, 4, arena, &row.api_key));
    *ret_row = row;
    return CX_OK;
}

cx_err tracker_put(struct store_tx *tx, const struct row_tracker *row)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx,
        "UPDATE tracker SET state = $3, base_url = $4, owner_name = $5, product = $6, "
        "component = $7, secure_component = $8, secure_group = $9, bug_version = $10, "
        "bug_type = $11, whiteboard = $12, needinfo = $13, report_address = $14, "
        "microsoft_address = $15, ca_pem = $16, poll_s = $17, changed_us = $18, "
        "changed_by_id = $19 WHERE tenant_id = $1 AND tracker_id = $2",
        &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->tracker_id);
    const struct cx_str texts[] = {row->state,
                                   row->base_url,
                                   row->owner_name,
                                   row->product,
                                   row->component,
                                   row->secure_component,
                                   row->secure_group,
                                   row->bug_version,
                                   row->bug_type,
                                   row->whiteboard,
                                   row->needinfo,
                                   row->report_address,
                                   row->microsoft_address,
                                   row->ca_pem};
    for (size_t i = 0; i < CX_COUNT_OF(texts); i++)
        store_bind_text(q, 3 + (int)i, texts[i]);
    store_bind_int(q, 17, row->poll_s);
    store_bind_int(q, 18, row->changed_us);
    store_bind_id(q, 19, row->changed_by_id);
    CX_TRY(store_exec(q));
    if (store_changes(q) != 1)
        return row_tracker_insert(tx, row);
    CX_TRY(row_tracker_set_login(tx, row->tenant_id, row->tracker_id, row->login));
    return row_tracker_set_api_key(tx, row->tenant_id, row->tracker_id, row->api_key);
}

/* ---- bugs ---- */

#define BUG_SELECT                                                                                 \
    "SELECT incident_id, number, restricted, halted_us, opened_us, status, resolution, "           \
    "whiteboard, next_update_us, comment_us, poll_due_us, polled_us, fault FROM tracker_bug "      \
    "WHERE tenant_id = $1 AND "

static cx_err bug_of(const struct store_stmt *q, struct cx_id tenant_id, struct arena *arena,
                     struct row_tracker_bug *ret_row)
{
    struct row_tracker_bug row = {.tenant_id = tenant_id,
                                  .incident_id = store_col_id(q, 0),
                                  .number = store_col_int(q, 1),
                                  .restricted = store_col_int(q, 2),
                                  .halted_us = store_col_int(q, 3),
                                  .has_halted_us = !store_col_is_null(q, 3),
                                  .opened_us = store_col_int(q, 4),
                                  .has_whiteboard = !store_col_is_null(q, 7),
                                  .next_update_us = store_col_int(q, 8),
                                  .has_next_update_us = !store_col_is_null(q, 8),
                                  .comment_us = store_col_int(q, 9),
                                  .poll_due_us = store_col_int(q, 10),
                                  .polled_us = store_col_int(q, 11),
                                  .has_polled_us = !store_col_is_null(q, 11)};
    CX_TRY(arena_copy_str(arena, store_col_text(q, 5), &row.status));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 6), &row.resolution));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 12), &row.fault));
    if (row.has_whiteboard)
        CX_TRY(take_sealed(q, 7, arena, &row.whiteboard));
    *ret_row = row;
    return CX_OK;
}

cx_err tracker_bug_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                        struct arena *arena, struct row_tracker_bug *ret_row)
{
    struct store_stmt *q = NULL;
    bool found = false;
    CX_TRY(store_prepare(tx, BUG_SELECT "incident_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    CX_TRY(store_step(q, &found));
    return found ? bug_of(q, tenant_id, arena, ret_row) : CX_ERR(NOTFOUND);
}

cx_err tracker_bug_due(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us, size_t limit,
                       struct arena *arena, struct row_tracker_bug *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(
        tx, BUG_SELECT "poll_due_us <= $2 ORDER BY poll_due_us, incident_id LIMIT $3", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    store_bind_int(q, 3, (int64_t)limit);
    while (count < limit) {
        bool found = false;
        CX_TRY(store_step(q, &found));
        if (!found)
            break;
        CX_TRY(bug_of(q, tenant_id, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

static cx_err changed_one(struct store_stmt *q)
{
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err tracker_bug_claim(struct store_tx *tx, const struct row_tracker_bug *row, cx_time next_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE tracker_bug SET poll_due_us = $3 WHERE tenant_id = $1 "
                         "AND incident_id = $2 AND poll_due_us = $4",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->incident_id);
    store_bind_int(q, 3, next_us);
    store_bind_int(q, 4, row->poll_due_us);
    return changed_one(q);
}

cx_err tracker_bug_seen(struct store_tx *tx, const struct row_tracker_bug *row)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx,
        "UPDATE tracker_bug SET status = $3, resolution = $4, next_update_us = $5, "
        "comment_us = $6, polled_us = $7, fault = '' WHERE tenant_id = $1 AND incident_id = $2",
        &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->incident_id);
    store_bind_text(q, 3, row->status);
    store_bind_text(q, 4, row->resolution);
    if (row->has_next_update_us)
        store_bind_int(q, 5, row->next_update_us);
    else
        store_bind_null(q, 5);
    store_bind_int(q, 6, row->comment_us);
    store_bind_int(q, 7, row->polled_us);
    CX_TRY(changed_one(q));
    return row_tracker_bug_set_whiteboard(tx, row->tenant_id, row->incident_id, row->whiteboard);
}

cx_err tracker_bug_set_fault(struct store_tx *tx, const struct row_tracker_bug *row,
                             struct cx_str fault)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx, "UPDATE tracker_bug SET fault = $3 WHERE tenant_id = $1 AND incident_id = $2", &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->incident_id);
    store_bind_text(q, 3, fault);
    return changed_one(q);
}

cx_err tracker_bug_set_halted(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                              bool restricted, cx_time halted_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE tracker_bug SET restricted = $3, halted_us = $4 "
                         "WHERE tenant_id = $1 AND incident_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_int(q, 3, restricted);
    if (halted_us)
        store_bind_int(q, 4, halted_us);
    else
        store_bind_null(q, 4);
    return changed_one(q);
}

/* ---- posts ---- */

/* file: the column attachment, or NULL where nobody looks at it: it is large. */
#define POST_SELECT(file)                                                                          \
    "SELECT post_id, incident_id, publication_id, kind, restricted, state, answers, "              \
    "content, " file                                                                               \
    ", sha256, author_id, created_us, approver_id, approved_us, due_us, claim_id, "                \
    "attempt_count, answer, remote, done_us FROM tracker_post WHERE tenant_id = $1 AND "

static cx_err post_of(const struct store_stmt *q, struct cx_id tenant_id, struct arena *arena,
                      struct row_tracker_post *ret_row)
{
    struct row_tracker_post row = {.tenant_id = tenant_id,
                                   .post_id = store_col_id(q, 0),
                                   .incident_id = store_col_id(q, 1),
                                   .publication_id = store_col_id(q, 2),
                                   .has_publication_id = !store_col_is_null(q, 2),
                                   .restricted = store_col_int(q, 4),
                                   .has_attachment = !store_col_is_null(q, 8),
                                   .author_id = store_col_id(q, 10),
                                   .created_us = store_col_int(q, 11),
                                   .approver_id = store_col_id(q, 12),
                                   .has_approver_id = !store_col_is_null(q, 12),
                                   .approved_us = store_col_int(q, 13),
                                   .has_approved_us = !store_col_is_null(q, 13),
                                   .due_us = store_col_int(q, 14),
                                   .claim_id = store_col_id(q, 15),
                                   .has_claim_id = !store_col_is_null(q, 15),
                                   .attempt_count = store_col_int(q, 16),
                                   .has_answer = !store_col_is_null(q, 17),
                                   .remote = store_col_int(q, 18),
                                   .has_remote = !store_col_is_null(q, 18),
                                   .done_us = store_col_int(q, 19),
                                   .has_done_us = !store_col_is_null(q, 19)};
    CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &row.kind));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 5), &row.state));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 6), &row.answers));
    CX_TRY(take_sealed(q, 7, arena, &row.content));
    if (row.has_attachment)
        CX_TRY(take_sealed(q, 8, arena, &row.attachment));
    CX_TRY(arena_copy(arena, store_col_bytes(q, 9), &row.sha256));
    if (row.has_answer)
        CX_TRY(take_sealed(q, 17, arena, &row.answer));
    *ret_row = row;
    return CX_OK;
}

cx_err tracker_post_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                         struct cx_id post_id, struct arena *arena,
                         struct row_tracker_post *ret_row)
{
    struct store_stmt *q = NULL;
    struct row_tracker_post row;
    bool found = false;
    CX_TRY(store_prepare(tx, POST_SELECT("attachment") "post_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, post_id);
    CX_TRY(store_step(q, &found));
    if (!found)
        return CX_ERR(NOTFOUND);
    CX_TRY(post_of(q, tenant_id, arena, &row));
    if (!cx_id_is_zero(incident_id) && !cx_id_eq(row.incident_id, incident_id))
        return CX_ERR(NOTFOUND);
    *ret_row = row;
    return CX_OK;
}

cx_err tracker_post_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                         struct arena *arena, struct row_tracker_post *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(
        tx, POST_SELECT("NULL") "incident_id = $2 ORDER BY created_us, post_id LIMIT $3", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_int(q, 3, TRACKER_POSTS_MAX);
    while (count < TRACKER_POSTS_MAX) {
        bool found = false;
        CX_TRY(store_step(q, &found));
        if (!found)
            break;
        CX_TRY(post_of(q, tenant_id, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err tracker_post_approve(struct store_tx *tx, const struct row_tracker_post *row)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx,
        "UPDATE tracker_post SET state = 'waiting', approver_id = $3, approved_us = $4, "
        "due_us = $4 WHERE tenant_id = $1 AND post_id = $2 AND state = 'drafted' "
        "AND (kind <> 'file' OR NOT EXISTS (SELECT 1 FROM tracker_bug b WHERE b.tenant_id = $1 "
        "AND b.incident_id = tracker_post.incident_id))",
        &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->post_id);
    store_bind_id(q, 3, row->approver_id);
    store_bind_int(q, 4, row->approved_us);
    return changed_one(q); /* a second post that files is a conflict of tracker_post_one_file */
}

cx_err tracker_post_withdraw(struct store_tx *tx, struct cx_id tenant_id, struct cx_id post_id,
                             cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE tracker_post SET state = 'withdrawn', done_us = $3 "
                         "WHERE tenant_id = $1 AND post_id = $2 AND (state = 'drafted' "
                         "OR (state = 'waiting' AND attempt_count = 0))",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, post_id);
    store_bind_int(q, 3, now_us);
    return changed_one(q);
}

cx_err tracker_post_due(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                        struct cx_id *ret_post_id)
{
    struct store_stmt *q = NULL;
    bool found = false;
    CX_TRY(store_prepare(
        tx,
        "SELECT p.post_id FROM tracker_post p WHERE p.tenant_id = $1 AND p.state = 'waiting' "
        "AND p.due_us <= $2 AND NOT EXISTS (SELECT 1 FROM tracker_bug b WHERE b.tenant_id = $1 "
        "AND b.incident_id = p.incident_id AND b.halted_us IS NOT NULL) "
        "ORDER BY p.due_us, p.post_id LIMIT 1",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    CX_TRY(store_step(q, &found));
    if (!found)
        return CX_ERR(NOTFOUND);
    *ret_post_id = store_col_id(q, 0);
    return CX_OK;
}

cx_err tracker_post_claim(struct store_tx *tx, struct cx_id tenant_id, struct cx_id post_id,
                          struct cx_id claim_id, cx_time now_us, cx_time lease_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE tracker_post SET claim_id = $3, due_us = $5, "
                         "attempt_count = attempt_count + 1 WHERE tenant_id = $1 AND post_id = $2 "
                         "AND state = 'waiting' AND due_us <= $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, post_id);
    store_bind_id(q, 3, claim_id);
    store_bind_int(q, 4, now_us);
    store_bind_int(q, 5, lease_us);
    return changed_one(q);
}

cx_err tracker_post_settle(struct store_tx *tx, const struct row_tracker_post *row)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE tracker_post SET state = $4, due_us = $5, remote = $6, "
                         "done_us = $7 WHERE tenant_id = $1 AND post_id = $2 AND claim_id = $3 "
                         "AND state = 'waiting'",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->post_id);
    store_bind_id(q, 3, row->claim_id);
    store_bind_text(q, 4, row->state);
    store_bind_int(q, 5, row->due_us);
    if (row->has_remote)
        store_bind_int(q, 6, row->remote);
    else
        store_bind_null(q, 6);
    if (row->has_done_us)
        store_bind_int(q, 7, row->done_us);
    else
        store_bind_null(q, 7);
    CX_TRY(changed_one(q));
    return row->has_answer
               ? row_tracker_post_set_answer(tx, row->tenant_id, row->post_id, row->answer)
               : CX_OK;
}

cx_err tracker_post_last_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                              int64_t *ret_remote)
{
    struct store_stmt *q = NULL;
    bool found = false;
    CX_TRY(store_prepare(tx,
                         "SELECT remote FROM tracker_post WHERE tenant_id = $1 "
                         "AND incident_id = $2 AND kind = 'attachment' AND state = 'done' "
                         "ORDER BY done_us DESC, post_id DESC LIMIT 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    CX_TRY(store_step(q, &found));
    *ret_remote = found ? store_col_int(q, 0) : 0;
    return CX_OK;
}

/* ---- comments ---- */

cx_err tracker_comment_known(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                             int64_t remote, bool *ret_known)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT 1 FROM tracker_comment WHERE tenant_id = $1 "
                         "AND incident_id = $2 AND remote = $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_int(q, 3, remote);
    return store_step(q, ret_known);
}

cx_err tracker_comment_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                            int64_t after, struct arena *arena, struct row_tracker_comment *rows,
                            size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT comment_id, remote, number, own, author, body, created_us, "
                         "seen_us FROM tracker_comment WHERE tenant_id = $1 AND incident_id = $2 "
                         "AND number > $3 ORDER BY number LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, incident_id);
    store_bind_int(q, 3, after);
    store_bind_int(q, 4, TRACKER_COMMENT_PAGE);
    while (count < TRACKER_COMMENT_PAGE) {
        bool found = false;
        CX_TRY(store_step(q, &found));
        if (!found)
            break;
        struct row_tracker_comment row = {.tenant_id = tenant_id,
                                          .comment_id = store_col_id(q, 0),
                                          .incident_id = incident_id,
                                          .remote = store_col_int(q, 1),
                                          .number = store_col_int(q, 2),
                                          .own = store_col_int(q, 3),
                                          .created_us = store_col_int(q, 6),
                                          .seen_us = store_col_int(q, 7)};
        CX_TRY(take_sealed(q, 4, arena, &row.author));
        CX_TRY(take_sealed(q, 5, arena, &row.body));
        rows[count++] = row;
    }
    *ret_count = count;
    return CX_OK;
}
