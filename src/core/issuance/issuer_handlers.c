#include "api_routes.h"
#include "base/cleanup.h"
#include "codec/pem.h"
#include "core/issuance/issuer.h"
#include "core/page.h"

enum { PEM_MAX = 65536 };

static cx_err text_of(struct arena *arena, const struct cx_buf *buf, struct cx_str *ret_text)
{
    return arena_copy_str(arena, (struct cx_str){(const char *)buf->ptr, buf->len}, ret_text);
}

static cx_err add_urls(const struct issuer_entry *issuer, struct arena *arena,
                       struct api_issuer_view *view)
{
    struct cx_str base = issuer->pki.status_url, ref = issuer->pki.issuer_ref;
    view->has_crl_base_url = view->has_ocsp_url = base.len > 0;
    if (base.len == 0)
        return CX_OK;
    CX_TRY(arena_printf(arena, &view->crl_base_url, "%.*s/crl/%.*s", CX_STR_ARG(base),
                        CX_STR_ARG(ref)));
    return arena_printf(arena, &view->ocsp_url, "%.*s/ocsp/%.*s", CX_STR_ARG(base),
                        CX_STR_ARG(ref));
}

static cx_err view_of(const struct issuer_entry *issuer, bool active, struct arena *arena,
                      struct api_issuer_view *ret_view)
{
    struct api_issuer_view view = {
        .id = issuer->issuer_id,
        .name = issuer->name,
        .kind = issuer->is_root ? API_ISSUER_KIND_ROOT : API_ISSUER_KIND_INTERMEDIATE,
        .state = active ? API_ISSUER_STATE_ACTIVE : API_ISSUER_STATE_DISABLED,
        .key_type = (enum api_key_type)issuer->pki.key_type,
        .subject = issuer->subject_text,
        .has_parent_id = !cx_id_is_zero(issuer->parent_id),
        .parent_id = issuer->parent_id,
        .has_serial = true,
        .not_before = issuer->not_before_us,
        .not_after = issuer->pki.not_after_us,
        .shard_count = issuer->pki.shard_count,
    };
    CX_TRY(page_hex_write(arena, issuer->serial, &view.serial));
    CX_TRY(page_hex_write(arena, CX_BYTES(issuer->sha256, sizeof(issuer->sha256)), &view.sha256));
    CX_TRY(add_urls(issuer, arena, &view));
    *ret_view = view;
    return CX_OK;
}

struct issuer_list {
    struct cx_id tenant_id;
    struct page_key after;
    size_t limit, count;
    struct issuer_listed *rows;
};

static cx_err read_issuers(struct store_tx *tx, void *arg)
{
    struct issuer_list *list = arg;
    return issuer_page(tx, list->tenant_id, &list->after, list->limit, list->rows, &list->count);
}

cx_err handle_issuer_list(struct api_request *request, const struct api_issuer_list_in *in,
                          struct api_issuer_list_out *ret_out)
{
    struct issuer_list list = {.tenant_id = request->principal.tenant_id,
                               .limit = (size_t)in->limit};
    struct api_issuer_view *items = NULL;
    CX_TRY(page_cursor_parse("issuer", in->cursor, request->diag, &list.after));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.rows));
    CX_TRY(store_read(request->core->store, read_issuers, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++) {
        const struct issuer_entry *issuer = NULL;
        CX_TRY(issuer_get(request->core, list.tenant_id, list.rows[i].key.id, &issuer));
        CX_TRY(view_of(issuer, list.rows[i].active, request->arena, &items[i]));
    }
    struct api_issuer_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor)
        CX_TRY(page_cursor_write(request->arena, "issuer", &list.rows[list.count - 1].key,
                                 &page.next_cursor));
    ret_out->body = page;
    return CX_OK;
}

struct state_read {
    struct cx_id tenant_id, issuer_id;
    bool active;
};

static cx_err read_state(struct store_tx *tx, void *arg)
{
    struct state_read *read = arg;
    return issuer_is_active(tx, read->tenant_id, read->issuer_id, &read->active);
}

cx_err handle_issuer_get(struct api_request *request, const struct api_issuer_get_in *in,
                         struct api_issuer_get_out *ret_out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf pem = CX_BUF_INIT(PEM_MAX);
    struct state_read read = {request->principal.tenant_id, in->issuer_id, false};
    struct api_issuer_view view = {0};
    const struct issuer_entry *issuer = NULL;
    cx_err err = issuer_get(request->core, read.tenant_id, in->issuer_id, &issuer);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "issuer_id", "issuer-unknown",
                         "There is no such issuer.");
    CX_TRY(err);
    CX_TRY(store_read(request->core->store, read_state, &read));
    CX_TRY(view_of(issuer, read.active, request->arena, &view));
    CX_TRY(pem_write("CERTIFICATE", issuer->certificate_der, &pem));
    CX_TRY(text_of(request->arena, &pem, &view.pem));
    view.has_pem = true;
    cx_buf_reset(&pem);
    for (size_t i = 0; i < issuer->chain_count; i++)
        CX_TRY(pem_write("CERTIFICATE", issuer->chain[i], &pem));
    view.has_chain_pem = issuer->chain_count > 0;
    CX_TRY(text_of(request->arena, &pem, &view.chain_pem));
    ret_out->body = view;
    return CX_OK;
}
