/*
 * The list of affected certificates for the appendix of a report: CCADB IRG 3.2, exactly these columns in this order.
 * Certificates of this CA have no precertificates until it logs to CT: that column says N/A.
 */
#include "core/incident/certificate_list.h"

#include "api_routes.h"
#include "base/cleanup.h"
#include "codec/csv.h"
#include "core/api/contract.h"
#include "core/issuance/certificate_store.h"
#include "core/issuance/dn_text.h"
#include "core/issuance/reason.h"

enum { LIST_PAGE = 100, LIST_ARENA_MAX = 16 * 1024 * 1024, NAMES_CELL_MAX = 64 * 1024 };

struct certificate_list {
    struct core *core;
    struct cx_id tenant_id, incident_id, after;
    cx_time now_us;
    bool headed, overdue;
};

struct page {
    struct certificate_list *list;
    struct arena *arena;
    struct certificate_row rows[LIST_PAGE];
    struct cx_str names[LIST_PAGE];
    size_t count;
};

static cx_err read_names(struct store_tx *tx, struct page *page, size_t row)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf cell = CX_BUF_INIT(NAMES_CELL_MAX);
    struct cx_str texts[PKI_NAMES_MAX];
    size_t count = 0;
    bool others = false;
    CX_TRY(certificate_names_read(tx, page->list->tenant_id, page->rows[row].certificate_id,
                                  page->arena, texts, &count, &others));
    for (size_t i = 0; i < count; i++) {
        if (i)
            CX_TRY(cx_buf_add_str(&cell, CX_STR(", ")));
        CX_TRY(cx_buf_add_str(&cell, texts[i]));
    }
    return arena_copy_str(page->arena, (struct cx_str){(const char *)cell.ptr, cell.len},
                          &page->names[row]);
}

static cx_err read_page(struct store_tx *tx, void *arg)
{
    struct page *page = arg;
    struct certificate_list *list = page->list;
    struct cx_id ids[LIST_PAGE];
    CX_TRY(affected_page(tx, list->tenant_id, list->incident_id, list->now_us, list->after,
                         LIST_PAGE, ids, &page->count));
    for (size_t i = 0; i < page->count; i++) {
        CX_TRY(certificate_find(tx, list->tenant_id, ids[i], page->arena, &page->rows[i]));
        CX_TRY(read_names(tx, page, i));
    }
    return CX_OK;
}

static cx_err add_time(struct cx_buf *out, cx_time at_us)
{
    char text[CX_TIME_TEXT_MAX];
    CX_TRY(cx_time_format(at_us, text));
    return csv_cell(out, cx_str_from(text), false);
}

static cx_err add_hex(struct cx_buf *out, struct arena *arena, struct cx_bytes bytes)
{
    struct cx_str hex = CX_STR_NONE;
    CX_TRY(page_hex_write(arena, bytes, &hex));
    return csv_cell(out, hex, false);
}

static cx_err add_revocation(struct cx_buf *out, const struct certificate_list *list,
                             const struct certificate_row *row)
{
    if (row->revoked_us == 0) {
        CX_TRY(csv_cell(out, list->overdue ? CX_STR("Delayed") : CX_STR("Planned"), false));
        CX_TRY(csv_cell(out, CX_STR("N/A"), false));
        return csv_cell(out, CX_STR("N/A"), false);
    }
    CX_TRY(csv_cell(out, CX_STR("Yes"), false));
    CX_TRY(add_time(out, row->revoked_us));
    return csv_cell(out,
                    cx_str_from(api_enum_name(&api_enum_revocation_reason,
                                              (int)revocation_reason_view(row->revoke_reason))),
                    false);
}

static cx_err add_row(struct cx_buf *out, const struct page *page, size_t i)
{
    const struct certificate_list *list = page->list;
    const struct certificate_row *row = &page->rows[i];
    struct pki_certificate parsed;
    struct cx_bytes der = CX_BYTES_NONE;
    struct cx_str subject = CX_STR_NONE, issuer = CX_STR_NONE;
    struct cx_diag diag = CX_DIAG_INIT;
    CX_TRY(certificate_der(list->core, list->tenant_id, row->certificate_id, page->arena, &der));
    CX_TRY(pki_certificate_parse(der, &diag, &parsed));
    CX_TRY(dn_text(parsed.subject, page->arena, &subject));
    CX_TRY(dn_text(parsed.issuer, page->arena, &issuer));
    CX_TRY(csv_cell(out, CX_STR("N/A"), true));
    CX_TRY(add_hex(out, page->arena, CX_BYTES(row->sha256, sizeof(row->sha256))));
    CX_TRY(csv_cell(out, subject, false));
    CX_TRY(csv_cell(out, issuer, false));
    CX_TRY(add_time(out, row->not_before_us));
    CX_TRY(add_time(out, row->not_after_us));
    CX_TRY(add_hex(out, page->arena, row->serial));
    CX_TRY(csv_cell(out, page->names[i], false));
    CX_TRY(add_revocation(out, list, row));
    return cx_buf_add_str(out, CX_STR("\r\n"));
}

static cx_err next_page(void *state, struct cx_buf *chunk, bool *ret_done)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(LIST_ARENA_MAX);
    struct certificate_list *list = state;
    struct page *page = NULL;
    CX_TRY(ARENA_NEW(&arena, &page));
    page->list = list;
    page->arena = &arena;
    CX_TRY(store_read(list->core->store, read_page, page));
    if (!list->headed)
        CX_TRY(cx_buf_add_str(
            chunk, CX_STR("Precertificate SHA-256 hash,Certificate SHA-256 hash,Subject,Issuer,Not "
                          "before,Not after,Serial #,dNSNames,Is revoked?,Revocation "
                          "date,Revocation reason\r\n")));
    list->headed = true;
    for (size_t i = 0; i < page->count; i++)
        CX_TRY(add_row(chunk, page, i));
    if (page->count > 0)
        list->after = page->rows[page->count - 1].certificate_id;
    *ret_done = page->count < LIST_PAGE;
    return CX_OK;
}

/* A deadline for revocation has passed: what is not revoked is delayed. */
static bool revocation_overdue(const struct incident *incident)
{
    for (size_t i = 0; i < incident->duties.count; i++) {
        const struct duty *duty = &incident->duties.duties[i];
        bool revokes = duty->start_kind == KIND_LEAF_REVOCATION_REQUIRED ||
                       duty->start_kind == KIND_CA_REVOCATION_REQUIRED;
        if (revokes && duty->state == DUTY_OVERDUE)
            return true;
    }
    return false;
}

static cx_err start(struct api_request *request, const struct account *account,
                    struct certificate_list **ret_list)
{
    struct certificate_list *list = NULL;
    if (!access_may(&request->principal, PERMISSION_CERTIFICATE_READ, NULL))
        return cx_refuse(request->diag, CX_ERR(DENIED), "", "scope-all-needed",
                         "This shows certificates of the whole tenant: it needs the right to read "
                         "them everywhere.");
    CX_TRY(ARENA_NEW(request->arena, &list));
    *list = (struct certificate_list){.core = request->core,
                                      .tenant_id = request->principal.tenant_id,
                                      .incident_id = account->incident.row.incident_id,
                                      .now_us = request->now_us,
                                      .overdue = revocation_overdue(&account->incident)};
    *ret_list = list;
    return CX_OK;
}

cx_err certificate_list_write(struct api_request *request, const struct account *account,
                              size_t max, struct cx_bytes *ret_csv)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf csv = CX_BUF_INIT(max);
    struct certificate_list *list = NULL;
    bool done = false;
    CX_TRY(start(request, account, &list));
    while (!done) {
        cx_err err = next_page(list, &csv, &done);
        if (err.code == CX_E_LIMIT)
            return cx_refuse(request->diag, err, "kind", "certificate-list-size",
                             "The list is longer than %zu octets: attach it by hand.", max);
        CX_TRY(err);
    }
    return arena_copy(request->arena, cx_buf_view(&csv), ret_csv);
}

cx_err handle_incident_certificate_list(struct api_request *request,
                                        const struct api_incident_certificate_list_in *in,
                                        struct api_incident_certificate_list_out *ret_out)
{
    struct certificate_list *list = NULL;
    struct account *account = NULL;
    CX_TRY(account_read(request, in->incident_id, &account));
    CX_TRY(start(request, account, &list));
    ret_out->raw.content_type = "text/csv; charset=utf-8";
    ret_out->raw.filename = CX_STR("affected-certificates.csv");
    ret_out->raw.next = next_page;
    ret_out->raw.state = list;
    return CX_OK;
}
