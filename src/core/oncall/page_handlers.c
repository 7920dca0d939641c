/* Pages: listing, showing, acknowledging, and test pages by hand. */
#include "api_routes.h"
#include "core/core.h"
#include "core/field.h"
#include "core/incident/record.h"
#include "core/oncall/acknowledge.h"
#include "core/oncall/step.h"
#include "core/oncall/view.h"

struct listing {
    struct api_request *request;
    struct page_key after;
    size_t limit, count;
    struct row_oncall_page *rows;
};

static cx_err read_pages(struct store_tx *tx, void *arg)
{
    struct listing *list = arg;
    struct api_request *request = list->request;
    return page_rows(tx, request->principal.tenant_id, &list->after, list->limit, request->arena,
                     list->rows, &list->count);
}

cx_err handle_oncall_pages(struct api_request *request, const struct api_oncall_pages_in *in,
                           struct api_oncall_pages_out *ret_out)
{
    struct listing list = {.request = request, .limit = (size_t)in->limit};
    struct api_page_view *items = NULL;
    CX_TRY(page_cursor_parse("oncall-page", in->cursor, request->diag, &list.after));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.rows));
    CX_TRY(store_read(request->core->store, read_pages, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(page_view(&list.rows[i], &items[i]));
    struct api_page_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        struct page_key key = {list.rows[list.count - 1].created_us,
                               list.rows[list.count - 1].page_id};
        CX_TRY(page_cursor_write(request->arena, "oncall-page", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

cx_err handle_oncall_page(struct api_request *request, const struct api_oncall_page_in *in,
                          struct api_oncall_page_out *ret_out)
{
    return page_show(request, in->page_id, &ret_out->body);
}

/* ---- acknowledging ---- */

struct taking {
    struct api_request *request;
    const struct row_oncall_page *page;
    struct cx_id user_id;
    struct row_incident_entry entry;
};

static cx_err write_taking(struct store_tx *tx, void *arg)
{
    struct taking *taking = arg;
    const struct row_oncall_page *page = taking->page;
    CX_TRY(page_acknowledge(tx, page->tenant_id, page->page_id, taking->user_id,
                            taking->request->now_us));
    return page->has_incident_id ? incident_append(tx, &taking->entry) : CX_OK;
}

cx_err page_take_on(struct api_request *request, const struct row_oncall_page *page,
                    struct cx_id user_id, struct cx_str how, struct cx_str details)
{
    struct taking taking = {.request = request, .page = page, .user_id = user_id};
    struct entry_draft draft = {.tenant_id = page->tenant_id,
                                .incident_id = page->incident_id,
                                .actor_id = user_id,
                                .kind = KIND_PAGE_ACKNOWLEDGED,
                                .at_us = request->now_us,
                                .now_us = request->now_us,
                                .detail = how};
    struct audit_event event = {.tenant_id = page->tenant_id,
                                .object_type = CX_ID_PAGE,
                                .object_id = page->page_id,
                                .details = details};
    CX_TRY(field_id_text(request->arena, CX_ID_PAGE, page->page_id, &draft.subject));
    if (page->has_incident_id)
        CX_TRY(incident_entry_prepare(request->core, request->arena, &draft, &taking.entry));
    return api_commit(request, &event, write_taking, &taking);
}

struct finding {
    struct api_request *request;
    struct cx_id page_id;
    struct row_oncall_page page;
};

static cx_err find_page(struct store_tx *tx, void *arg)
{
    struct finding *finding = arg;
    return page_find(tx, finding->request->principal.tenant_id, finding->page_id,
                     finding->request->arena, &finding->page);
}

cx_err handle_oncall_acknowledge(struct api_request *request,
                                 const struct api_oncall_acknowledge_in *in,
                                 struct api_oncall_acknowledge_out *ret_out)
{
    struct finding finding = {.request = request, .page_id = in->page_id};
    cx_err err = store_read(request->core->store, find_page, &finding);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "page_id", "page-unknown", "There is no such page.");
    CX_TRY(err);
    err = page_take_on(request, &finding.page, request->principal.user_id, CX_STR("by the API"),
                       CX_STR_NONE);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "page_id", "page-state", "The page is %.*s already.",
                         CX_STR_ARG(finding.page.state));
    CX_TRY(err);
    return page_show(request, in->page_id, &ret_out->body);
}

/* ---- a test by hand ---- */

struct testing {
    struct api_request *request;
    struct cx_id roster_id;
    int64_t level;
    struct row_oncall_roster roster;
    struct oncall_step step;
};

static cx_err read_test(struct store_tx *tx, void *arg)
{
    struct testing *testing = arg;
    struct api_request *request = testing->request;
    struct oncall_plan plan;
    struct cx_str key = CX_STR_NONE;
    char call[CX_ID_TEXT_MAX];
    CX_TRY(roster_find_for(tx, request, testing->roster_id, &testing->roster));
    if (testing->roster.has_ended_us)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "roster_id", "roster-ended",
                         "The roster has ended.");
    CX_TRY(roster_plan(tx, &testing->roster, request->now_us, request->arena, &plan));
    if (testing->level > plan.level_count)
        return cx_refuse(request->diag, CX_ERR(POLICY), "level", "level-missing",
                         "The roster has %lld levels.", (long long)plan.level_count);
    cx_id_format(CX_ID_CALL, request->request_id, call);
    CX_TRY(arena_printf(request->arena, &key, "test/%s", call));
    CX_TRY(oncall_test_draft(request->core, request->arena, &testing->roster, testing->level, key,
                             request->now_us, &testing->step));
    return oncall_step_read(tx, request->now_us, request->arena, &testing->step);
}

static cx_err write_test(struct store_tx *tx, void *arg)
{
    struct testing *testing = arg;
    return oncall_step_open(tx, &testing->step);
}

cx_err handle_oncall_test(struct api_request *request, const struct api_oncall_test_in *in,
                          struct api_oncall_test_out *ret_out)
{
    struct testing *testing = NULL;
    CX_TRY(ARENA_NEW(request->arena, &testing));
    testing->request = request;
    testing->roster_id = in->roster_id;
    testing->level = in->level;
    CX_TRY(store_read(request->core->store, read_test, testing));
    CX_TRY(oncall_step_prepare(request->core, request->now_us, request->arena, &testing->step));
    struct audit_event event = {.object_type = CX_ID_PAGE, .object_id = testing->step.page.page_id};
    CX_TRY(api_commit(request, &event, write_test, testing));
    return page_show(request, testing->step.page.page_id, &ret_out->body);
}
