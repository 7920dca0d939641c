/* Operations on renewal windows: asking the clients of many certificates to renew early (mass replacement). */
#include "api_routes.h"
#include "core/field.h"
#include "core/issuance/issuer.h"
#include "core/protocol/acme/admin.h"
#include "core/protocol/acme/renewal_store.h"
#include "store/rows.h"

struct showing {
    struct api_request *request;
    struct cx_id window_id;
    struct renewal_window_row row;
    int64_t certificate_count;
};

static struct api_renewal_window_view view(const struct renewal_window_row *row, int64_t count)
{
    return (struct api_renewal_window_view){
        .id = row->window_id,
        .issuer_id = row->issuer_id,
        .has_certificate_profile = row->profile_name.len > 0,
        .certificate_profile = row->profile_name,
        .issued_before = row->issued_before_us,
        .start = row->start_us,
        .end = row->end_us,
        .has_explanation_url = row->explanation_url.len > 0,
        .explanation_url = row->explanation_url,
        .certificate_count = count,
        .created = row->created_us,
        .has_withdrawn = row->withdrawn_us != 0,
        .withdrawn = row->withdrawn_us,
    };
}

static cx_err read_shown(struct store_tx *tx, void *arg)
{
    struct showing *s = arg;
    struct cx_id tenant_id = s->request->principal.tenant_id;
    CX_TRY(renewal_window_find(tx, tenant_id, s->window_id, s->request->arena, &s->row));
    return renewal_window_count(tx, tenant_id, &s->row, s->request->now_us, &s->certificate_count);
}

static cx_err show(struct api_request *request, struct cx_id window_id,
                   struct api_renewal_window_view *ret_view)
{
    struct showing s = {.request = request, .window_id = window_id};
    CX_TRY(store_read(request->core->store, read_shown, &s));
    *ret_view = view(&s.row, s.certificate_count);
    return CX_OK;
}

struct listing {
    struct acme_admin_page page;
    struct renewal_window_row *rows;
    struct api_renewal_window_view *items;
};

static cx_err read_page(struct store_tx *tx, void *arg)
{
    struct listing *l = arg;
    struct api_request *request = l->page.request;
    struct cx_id tenant_id = request->principal.tenant_id;
    CX_TRY(renewal_window_page(tx, tenant_id, &l->page.after, l->page.limit, request->arena,
                               l->rows, &l->page.count));
    for (size_t i = 0; i < l->page.count; i++) {
        int64_t count = 0;
        CX_TRY(renewal_window_count(tx, tenant_id, &l->rows[i], request->now_us, &count));
        l->items[i] = view(&l->rows[i], count);
    }
    return CX_OK;
}

cx_err handle_renewal_window_list(struct api_request *request,
                                  const struct api_renewal_window_list_in *in,
                                  struct api_renewal_window_list_out *ret_out)
{
    struct listing l;
    struct page_key last = PAGE_START;
    CX_TRY(acme_admin_page_open(&l.page, request, in->cursor, in->limit, sizeof(*l.rows),
                                (void **)&l.rows));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, l.page.limit, &l.items));
    CX_TRY(store_read(request->core->store, read_page, &l));
    if (l.page.count)
        last = (struct page_key){l.rows[l.page.count - 1].created_us,
                                 l.rows[l.page.count - 1].window_id};
    ret_out->body.items = l.items;
    ret_out->body.items_count = l.page.count;
    return acme_admin_page_next(&l.page, last, &ret_out->body.has_next_cursor,
                                &ret_out->body.next_cursor);
}

static cx_err find_issuer(struct api_request *request,
                          const struct api_renewal_window_create_in *in,
                          const struct issuer_entry **ret_issuer)
{
    struct cx_id tenant_id = request->principal.tenant_id;
    if (!in->has_issuer_id)
        return issuer_default(request->core, tenant_id, request->arena, request->diag, ret_issuer);
    cx_err err = issuer_get(request->core, tenant_id, in->issuer_id, ret_issuer);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "issuer_id", "issuer-unknown",
                         "There is no such issuer.");
    return err;
}

static cx_err write_window(struct store_tx *tx, void *arg)
{
    return row_renewal_window_insert(tx, arg);
}

cx_err handle_renewal_window_create(struct api_request *request,
                                    const struct api_renewal_window_create_in *in,
                                    struct api_renewal_window_create_out *ret_out)
{
    const struct issuer_entry *issuer = NULL;
    if (in->end <= in->start) /* RFC 9773 §4.2: the end is after the start */
        return cx_refuse(request->diag, CX_ERR(POLICY), "end", "window-order",
                         "The window must end after it starts.");
    CX_TRY(find_issuer(request, in, &issuer));
    struct row_renewal_window row = {
        .tenant_id = request->principal.tenant_id,
        .issuer_id = issuer->issuer_id,
        .profile_name = in->has_certificate_profile ? in->certificate_profile : CX_STR(""),
        .issued_before_us = in->has_issued_before ? in->issued_before : request->now_us,
        .start_us = in->start,
        .end_us = in->end,
        .explanation_url = in->has_explanation_url ? in->explanation_url : CX_STR(""),
        .created_us = request->now_us,
    };
    CX_TRY(cx_id_new(request->core->rng, &row.window_id));
    struct field_detail details[] = {
        {"issuer", issuer->name},
        {"certificate_profile", row.profile_name.len ? row.profile_name : CX_STR_NONE}};
    struct audit_event event = {.object_type = CX_ID_RENEWAL_WINDOW, .object_id = row.window_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_window, &row));
    return show(request, row.window_id, &ret_out->body);
}

struct withdrawing {
    struct api_request *request;
    struct cx_id window_id;
};

static cx_err write_withdrawal(struct store_tx *tx, void *arg)
{
    const struct withdrawing *w = arg;
    struct renewal_window_row row;
    struct cx_id tenant_id = w->request->principal.tenant_id;
    CX_TRY(renewal_window_find(tx, tenant_id, w->window_id, w->request->arena, &row));
    return renewal_window_withdraw(tx, tenant_id, w->window_id, w->request->now_us);
}

cx_err handle_renewal_window_withdraw(struct api_request *request,
                                      const struct api_renewal_window_withdraw_in *in,
                                      struct api_renewal_window_withdraw_out *ret_out)
{
    struct withdrawing w = {request, in->window_id};
    CX_TRY(acme_admin_change(request, CX_ID_RENEWAL_WINDOW, in->window_id, CX_STR_NONE,
                             write_withdrawal, &w));
    return show(request, in->window_id, &ret_out->body);
}
