/* Operations on access reviews. Who holds a binding does not answer for it, nor does whoever could be them. */
#include "api_routes.h"
#include "core/access/access_store.h"
#include "core/field.h"
#include "core/review/evidence.h"
#include "core/setting/setting.h"

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "review_id", "review-unknown",
                     "There is no such access review.");
}

static cx_err view_of(struct api_request *request, const struct review_row *row,
                      const int64_t counts[static REVIEW_ITEM_STATE_COUNT],
                      struct api_review_view *ret_view)
{
    struct field_place place = {request->principal.tenant_id, "access_review", "reason",
                                row->review_id};
    struct api_review_view view = {
        .id = row->review_id,
        .state = row->state == REVIEW_OPEN ? API_REVIEW_STATE_OPEN : API_REVIEW_STATE_CLOSED,
        .privileged = row->privileged,
        .roles = row->roles,
        .groups = row->groups,
        .open = counts[REVIEW_ITEM_OPEN],
        .certified = counts[REVIEW_ITEM_CERTIFIED],
        .revoked = counts[REVIEW_ITEM_REVOKED],
        .lapsed = counts[REVIEW_ITEM_LAPSED],
        .gone = counts[REVIEW_ITEM_GONE],
        .kept = counts[REVIEW_ITEM_KEPT],
        .created = row->created_us,
        .has_created_by_id = !cx_id_is_zero(row->created_by_id),
        .created_by_id = row->created_by_id,
        .deadline = row->deadline_us,
        .has_closed = row->closed_us != 0,
        .closed = row->closed_us,
        .has_evidence_sha256 = row->evidence_sha256.len > 0,
    };
    if (view.has_evidence_sha256)
        CX_TRY(page_hex_write(request->arena, row->evidence_sha256, &view.evidence_sha256));
    CX_TRY(field_open_text(request->core, place, row->reason, request->arena, &view.reason));
    *ret_view = view;
    return CX_OK;
}

struct review_show {
    struct api_request *request;
    struct cx_id review_id;
    struct review_row row;
    int64_t counts[REVIEW_ITEM_STATE_COUNT];
};

static cx_err read_review(struct store_tx *tx, void *arg)
{
    struct review_show *show = arg;
    struct cx_id tenant_id = show->request->principal.tenant_id;
    CX_TRY(review_find(tx, tenant_id, show->review_id, show->request->arena, &show->row));
    return review_count(tx, tenant_id, show->review_id, show->counts);
}

static cx_err find_review(struct api_request *request, struct cx_id review_id,
                          struct review_show *show)
{
    *show = (struct review_show){.request = request, .review_id = review_id};
    cx_err err = store_read(request->core->store, read_review, show);
    return err.code == CX_E_NOTFOUND ? refuse_unknown(request->diag) : err;
}

static cx_err show_review(struct api_request *request, struct cx_id review_id,
                          struct api_review_view *ret_view)
{
    struct review_show show;
    CX_TRY(find_review(request, review_id, &show));
    return view_of(request, &show.row, show.counts, ret_view);
}

struct review_list {
    struct cx_id tenant_id;
    struct page_key after;
    size_t limit, count;
    struct arena *arena;
    struct review_row *rows;
    int64_t (*counts)[REVIEW_ITEM_STATE_COUNT];
};

static cx_err read_reviews(struct store_tx *tx, void *arg)
{
    struct review_list *list = arg;
    CX_TRY(review_page(tx, list->tenant_id, &list->after, list->limit, list->arena, list->rows,
                       &list->count));
    for (size_t i = 0; i < list->count; i++)
        CX_TRY(review_count(tx, list->tenant_id, list->rows[i].review_id, list->counts[i]));
    return CX_OK;
}

cx_err handle_review_list(struct api_request *request, const struct api_review_list_in *in,
                          struct api_review_list_out *ret_out)
{
    struct review_list list = {.tenant_id = request->principal.tenant_id,
                               .limit = (size_t)in->limit,
                               .arena = request->arena};
    struct api_review_view *items = NULL;
    CX_TRY(page_cursor_parse("review", in->cursor, request->diag, &list.after));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.rows));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.counts));
    CX_TRY(store_read(request->core->store, read_reviews, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(view_of(request, &list.rows[i], list.counts[i], &items[i]));
    struct api_review_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        const struct review_row *last = &list.rows[list.count - 1];
        struct page_key key = {last->created_us, last->review_id};
        CX_TRY(page_cursor_write(request->arena, "review", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

cx_err handle_review_get(struct api_request *request, const struct api_review_get_in *in,
                         struct api_review_get_out *ret_out)
{
    return show_review(request, in->review_id, &ret_out->body);
}

static cx_err write_opening(struct store_tx *tx, void *arg)
{
    return review_open(tx, arg);
}

static cx_err check_deadline(struct api_request *request, cx_time deadline_us)
{
    if (deadline_us > request->now_us &&
        deadline_us <= request->now_us + REVIEW_ANSWER_DAYS_MAX * CX_US_PER_DAY)
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(POLICY), "deadline", "review-deadline",
                     "The deadline lies after now, and at most %d days away.",
                     REVIEW_ANSWER_DAYS_MAX);
}

cx_err handle_review_create(struct api_request *request, const struct api_review_create_in *in,
                            struct api_review_create_out *ret_out)
{
    struct setting_values values;
    CX_TRY(setting_values_load(request->core->store, request->principal.tenant_id, &values));
    struct review_draft draft = {
        .tenant_id = request->principal.tenant_id,
        .by = request->principal.user_id,
        .scope = {in->roles, in->roles_count, in->groups, in->groups_count,
                  in->has_privileged && in->privileged},
        .reason = in->reason,
        .deadline_us =
            in->has_deadline
                ? in->deadline
                : request->now_us + setting_us_at(&values, SETTING_REVIEW_ANSWER, request->now_us),
        .now_us = request->now_us,
    };
    struct review_opening opening;
    struct field_detail details[] = {{"reason", in->reason}};
    CX_TRY(check_deadline(request, draft.deadline_us));
    CX_TRY(review_prepare(request->core, request->arena, &draft, &opening));
    struct audit_event event = {.object_type = CX_ID_REVIEW, .object_id = opening.row.review_id};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    cx_err err = api_commit(request, &event, write_opening, &opening);
    if (err.code == CX_E_LIMIT)
        return cx_refuse(request->diag, err, "roles", "review-too-large",
                         "More than %d bindings: name roles or groups.", REVIEW_ITEMS_MAX);
    CX_TRY(err);
    return show_review(request, opening.row.review_id, &ret_out->body);
}

static cx_err view_item(struct api_request *request, const struct review_item *item,
                        struct api_review_item_view *ret_view)
{
    const struct binding_row *binding = &item->binding;
    struct field_place place = {request->principal.tenant_id, "access_review_item", "comment",
                                item->item_id};
    struct api_review_item_view view = {
        .binding_id = binding->binding_id,
        .state = (enum api_review_item_state)item->state,
        .has_user_id = binding->subject == ACCESS_USER,
        .user_id = binding->subject_id,
        .has_group_id = binding->subject == ACCESS_GROUP,
        .group_id = binding->subject_id,
        .role = binding->role,
        .all = binding->everywhere,
        .groups = binding->groups,
        .groups_count = binding->group_count,
        .has_tags = binding->tags.len > 0,
        .tags = binding->tags,
        .has_expires = binding->expires_us != CX_TIME_NEVER,
        .expires = binding->expires_us,
        .has_decided = item->decided_us != 0,
        .decided = item->decided_us,
        .has_decided_by_id = !cx_id_is_zero(item->decided_by_id),
        .decided_by_id = item->decided_by_id,
        .has_comment = item->comment.envelope.len > 0,
    };
    if (view.has_comment)
        CX_TRY(field_open_text(request->core, place, item->comment, request->arena, &view.comment));
    *ret_view = view;
    return CX_OK;
}

struct item_list {
    struct api_request *request;
    struct cx_id review_id;
    struct page_key after;
    bool open_only;
    size_t limit, count;
    struct review_item *rows;
};

static cx_err read_items(struct store_tx *tx, void *arg)
{
    struct item_list *list = arg;
    struct api_request *request = list->request;
    struct cx_id tenant_id = request->principal.tenant_id, after = list->after.id;
    struct review_row review;
    cx_err err = review_find(tx, tenant_id, list->review_id, request->arena, &review);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    return review_items(tx, tenant_id, list->review_id, after, list->open_only, list->limit,
                        request->arena, list->rows, &list->count);
}

cx_err handle_review_items(struct api_request *request, const struct api_review_items_in *in,
                           struct api_review_items_out *ret_out)
{
    struct item_list list = {.request = request,
                             .review_id = in->review_id,
                             .open_only = in->has_open && in->open,
                             .limit = (size_t)in->limit};
    struct api_review_item_view *items = NULL;
    if (in->cursor.len)
        CX_TRY(page_cursor_parse("review-item", in->cursor, request->diag, &list.after));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.rows));
    CX_TRY(store_read(request->core->store, read_items, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(view_item(request, &list.rows[i], &items[i]));
    struct api_review_item_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        struct page_key key = {0, list.rows[list.count - 1].binding.binding_id};
        CX_TRY(page_cursor_write(request->arena, "review-item", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

struct deciding {
    struct api_request *request;
    struct cx_id review_id;
    struct review_item item;
    enum review_item_state state;
    struct cx_sealed comment;
};

static cx_err find_item(struct store_tx *tx, struct deciding *deciding)
{
    struct api_request *request = deciding->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct cx_id binding_id = deciding->item.binding.binding_id;
    struct review_row review;
    cx_err err = review_find(tx, tenant_id, deciding->review_id, request->arena, &review);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    if (review.state != REVIEW_OPEN || review.deadline_us <= request->now_us)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "review_id", "review-over",
                         "The deadline has passed: what was not answered lapses.");
    err = review_item_find(tx, tenant_id, deciding->review_id, binding_id, request->arena,
                           &deciding->item);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "binding_id", "review-item-unknown",
                         "The review is not about this binding.");
    return err;
}

/* Separation of duties, of persons: holding it, or tied to who holds it by a link (docs/design/070-enrolled-by.md). */
static cx_err check_reviewer(struct store_tx *tx, const struct deciding *deciding)
{
    struct api_request *request = deciding->request;
    const struct principal *me = &request->principal;
    const struct binding_row *binding = &deciding->item.binding;
    enum access_tie tie = ACCESS_TIE_NONE;
    bool subject = false;
    CX_TRY(review_is_subject(tx, me->tenant_id, binding, me->user_id, request->arena, &subject));
    if (subject)
        return cx_refuse(request->diag, CX_ERR(DENIED), "binding_id", "reviewer-is-subject",
                         "Nobody decides about their own access; another person has to.");
    if (deciding->state != REVIEW_ITEM_CERTIFIED || binding->subject != ACCESS_USER)
        return CX_OK;
    CX_TRY(access_tie_find(tx, me->tenant_id, binding->subject_id, me->user_id, &tie));
    if (tie == ACCESS_TIE_NONE)
        return CX_OK;
    if (tie == ACCESS_TIE_SAME_PERSON)
        return cx_refuse(request->diag, CX_ERR(DENIED), "binding_id", "reviewer-is-subject",
                         "A service account and its owner are one person here; another person has "
                         "to decide.");
    return cx_refuse(request->diag, CX_ERR(DENIED), "binding_id",
                     tie == ACCESS_TIE_BY_REQUESTER ? "reviewer-enrolled-by-subject"
                                                    : "subject-enrolled-by-reviewer",
                     "One of you made the link that enrolled the other: you do not count as two "
                     "persons.");
}

static cx_err end_binding(struct store_tx *tx, const struct deciding *deciding)
{
    struct api_request *request = deciding->request;
    const struct principal *me = &request->principal;
    int64_t administrators = 0;
    cx_err err = binding_end(tx, me->tenant_id, deciding->item.binding.binding_id, me->user_id,
                             request->now_us);
    if (err.code == CX_E_CONFLICT)
        return CX_OK; /* it ended by other means */
    CX_TRY(err);
    CX_TRY(binding_count_administrators(tx, me->tenant_id, request->now_us, &administrators));
    if (administrators > 0)
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(CONFLICT), "binding_id", "last-administrator",
                     "At least one active administrator has to remain.");
}

static cx_err write_decision(struct store_tx *tx, void *arg)
{
    struct deciding *deciding = arg;
    struct api_request *request = deciding->request;
    const struct principal *me = &request->principal;
    CX_TRY(find_item(tx, deciding));
    CX_TRY(check_reviewer(tx, deciding));
    cx_err err = review_item_decide(tx, me->tenant_id, deciding->item.item_id, deciding->state,
                                    me->user_id, deciding->comment, request->now_us);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "binding_id", "review-answered",
                         "This was answered already, and an answer stays.");
    CX_TRY(err);
    return deciding->state == REVIEW_ITEM_REVOKED ? end_binding(tx, deciding) : CX_OK;
}

static cx_err read_item(struct store_tx *tx, void *arg)
{
    return find_item(tx, arg);
}

/* The comment is sealed for its row, before the transaction. */
static cx_err seal_comment(struct deciding *deciding, struct cx_str comment)
{
    struct api_request *request = deciding->request;
    CX_TRY(store_read(request->core->store, read_item, deciding));
    struct field_place place = {request->principal.tenant_id, "access_review_item", "comment",
                                deciding->item.item_id};
    return field_seal_text(request->core, place, comment, request->arena, &deciding->comment);
}

cx_err handle_review_decide(struct api_request *request, const struct api_review_decide_in *in,
                            struct api_review_decide_out *ret_out)
{
    struct deciding deciding = {.request = request,
                                .review_id = in->review_id,
                                .item.binding.binding_id = in->binding_id,
                                .state = in->decision == API_REVIEW_DECISION_CERTIFY
                                             ? REVIEW_ITEM_CERTIFIED
                                             : REVIEW_ITEM_REVOKED};
    struct cx_str review = CX_STR_NONE;
    struct audit_event event = {.object_type = CX_ID_BINDING, .object_id = in->binding_id};
    CX_TRY(field_id_text(request->arena, CX_ID_REVIEW, in->review_id, &review));
    struct field_detail details[] = {
        {"review", review},
        {"decision", cx_str_from(review_item_state_name(deciding.state))},
        {"comment", in->comment}};
    CX_TRY(field_details(request->arena, details, 3, &event.details));
    CX_TRY(seal_comment(&deciding, in->comment));
    CX_TRY(api_commit(request, &event, write_decision, &deciding));
    return show_review(request, in->review_id, &ret_out->body);
}

cx_err handle_review_evidence(struct api_request *request, const struct api_review_evidence_in *in,
                              struct api_review_evidence_out *ret_out)
{
    struct cx_buf out = CX_BUF_INIT(2 * REVIEW_DOCUMENT_MAX);
    struct review_show show;
    struct cx_bytes body = CX_BYTES_NONE;
    CX_TRY(find_review(request, in->review_id, &show));
    cx_err err = review_evidence_write(request->core, request->principal.tenant_id, &show.row,
                                       request->arena, request->diag, &out);
    if (cx_is_ok(err))
        err = arena_copy(request->arena, cx_buf_view(&out), &body);
    cx_buf_clear(&out);
    CX_TRY(err);
    ret_out->raw = (struct api_raw){
        .content_type = "application/json", .body = body, .filename = CX_STR("access-review.json")};
    return CX_OK;
}
