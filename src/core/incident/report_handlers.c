/*
 * Reports from outside: anonymous, limited per address, with a receipt. A report opens an incident and starts its clocks at
 * the moment of receipt. Whoever sent it is sealed. A proof of key compromise is verified at once, and the certificates
 * of the key are listed in the timeline.
 */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/field.h"
#include "core/incident/intake_store.h"
#include "core/incident/key_proof.h"
#include "core/incident/report.h"
#include "core/incident/report_form.h"
#include "core/inventory/search_store.h"
#include "core/tenant/tenant_store.h"

enum {
    REPORTS_PER_ADDRESS = 20,  /* an hour */
    REPORTS_PER_TENANT = 2000, /* an hour */
    LISTED_MAX = 200,          /* certificates named in the timeline; all are found by their key */
    SECURITY_TXT_DAYS = 180,   /* RFC 9116 §2.5.5: less than a year */
    SECURITY_TXT_MAX = 64 * 1024,
};
#define HOUR_US (INT64_C(3600) * CX_US_PER_S)

struct taking {
    struct api_request *request;
    struct cx_id tenant_id;
    struct cx_str tenant, action;
    struct report_form form;
    bool proven;
    uint8_t spki_sha256[CRYPTO_SHA256_LEN];
    struct certificate_row *certificates;
    size_t certificate_count;
    struct report_new report;
};

static cx_err send_page(struct api_request *request, uint16_t status, const struct cx_buf *page,
                        struct api_raw *raw)
{
    raw->status = status;
    raw->content_type = "text/html; charset=utf-8";
    raw->headers[raw->header_count++] = (struct api_header){"Cache-Control", CX_STR("no-store")};
    return arena_copy(request->arena, cx_buf_view(page), &raw->body);
}

static cx_err find_tenant(struct api_request *request, struct cx_id tenant_id,
                          struct taking *taking)
{
    *taking = (struct taking){.request = request, .tenant_id = tenant_id};
    struct cx_str text = CX_STR_NONE;
    cx_err err = tenant_name(request->core, tenant_id, request->arena, &taking->tenant);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "tenant_id", "tenant-unknown",
                         "There is no such form.");
    CX_TRY(err);
    CX_TRY(field_id_text(request->arena, CX_ID_TENANT, tenant_id, &text));
    return arena_printf(request->arena, &taking->action, "/report/%.*s", CX_STR_ARG(text));
}

cx_err handle_report_form(struct api_request *request, const struct api_report_form_in *in,
                          struct api_report_form_out *ret_out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf page = CX_BUF_INIT(REPORT_PAGE_MAX);
    struct taking taking;
    CX_TRY(find_tenant(request, in->tenant_id, &taking));
    CX_TRY(report_page_form(taking.tenant, taking.action, CX_STR_NONE, &page));
    return send_page(request, 200, &page, &ret_out->raw);
}

static cx_err read_certificates(struct store_tx *tx, void *arg)
{
    struct taking *taking = arg;
    const struct search search = {.tenant_id = taking->tenant_id,
                                  .now_us = taking->request->now_us,
                                  .spki_sha256 = CX_BYTES(taking->spki_sha256, CRYPTO_SHA256_LEN),
                                  /* Who has the key has proven more than any group could give. */
                                  .scope = access_scope_everywhere()};
    struct page_key after = PAGE_START;
    return search_page(tx, &search, &after, LISTED_MAX, taking->request->arena,
                       taking->certificates, &taking->certificate_count);
}

static cx_err check_proof(struct taking *taking)
{
    struct api_request *request = taking->request;
    if (taking->form.proof.len == 0)
        return CX_OK;
    CX_TRY(
        key_proof_verify(taking->form.proof, request->arena, request->diag, taking->spki_sha256));
    taking->proven = true;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, LISTED_MAX, &taking->certificates));
    return store_read(request->core->store, read_certificates, taking);
}

/* "SHA-256 of the key; certificates: crt_…" */
static cx_err list_certificates(struct taking *taking, struct cx_str *ret_text)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(16 * 1024);
    struct cx_str hex = CX_STR_NONE;
    CX_TRY(page_hex_write(taking->request->arena, CX_BYTES(taking->spki_sha256, CRYPTO_SHA256_LEN),
                          &hex));
    CX_TRY(cx_buf_addf(&text, "key %.*s, certificates:", CX_STR_ARG(hex)));
    for (size_t i = 0; i < taking->certificate_count; i++) {
        char id[CX_ID_TEXT_MAX];
        cx_id_format(CX_ID_CERTIFICATE, taking->certificates[i].certificate_id, id);
        CX_TRY(cx_buf_addf(&text, "\n%s", id));
    }
    if (taking->certificate_count == LISTED_MAX)
        CX_TRY(cx_buf_add_str(&text, CX_STR("\nand more: search by the key")));
    return arena_copy_str(taking->request->arena, (struct cx_str){(const char *)text.ptr, text.len},
                          ret_text);
}

static cx_err prepare(struct taking *taking)
{
    struct api_request *request = taking->request;
    struct report_draft draft = {.tenant_id = taking->tenant_id,
                                 .problem = taking->form.problem,
                                 .reporter = taking->form.reporter,
                                 .origin = request->source_address,
                                 .may_be_named = taking->form.may_be_named,
                                 .receipt = CX_STR("the receipt was shown to the sender"),
                                 .now_us = request->now_us};
    if (taking->proven) {
        draft.proven_spki = CX_BYTES(taking->spki_sha256, CRYPTO_SHA256_LEN);
        if (taking->certificate_count)
            CX_TRY(list_certificates(taking, &draft.certificates));
    }
    return report_prepare(request->core, request->arena, &draft, &taking->report);
}

static cx_err write_report(struct store_tx *tx, void *arg)
{
    struct taking *taking = arg;
    struct api_request *request = taking->request;
    int64_t from_address = 0, all = 0;
    CX_TRY(report_count(tx, taking->tenant_id, taking->report.row.address_index,
                        request->now_us - HOUR_US, &from_address, &all));
    if (from_address >= REPORTS_PER_ADDRESS || all >= REPORTS_PER_TENANT)
        return cx_refuse(request->diag, CX_ERR(LIMIT), "", "report-rate",
                         "There were too many reports within an hour: please send yours later.");
    return report_insert(tx, &taking->report);
}

static cx_err take(struct taking *taking)
{
    struct api_request *request = taking->request;
    CX_TRY(prepare(taking));
    struct audit_event event = {.tenant_id = taking->tenant_id,
                                .object_type = CX_ID_INCIDENT,
                                .object_id = taking->report.made.row.incident_id};
    struct field_detail details[] = {{"report", taking->report.tracking},
                                     {"proven", taking->proven ? CX_STR("yes") : CX_STR("no")},
                                     {"source_address", request->source_address}};
    CX_TRY(field_details(request->arena, details, 3, &event.details));
    return api_commit(request, &event, write_report, taking);
}

static cx_err send_receipt(struct taking *taking, struct api_raw *raw)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf page = CX_BUF_INIT(REPORT_PAGE_MAX);
    char received[CX_TIME_TEXT_MAX];
    CX_TRY(cx_time_format(taking->request->now_us, received));
    CX_TRY(report_page_receipt(taking->tenant, taking->report.tracking, cx_str_from(received),
                               taking->proven, taking->certificate_count, &page));
    return send_page(taking->request, 201, &page, raw);
}

cx_err handle_report_send(struct api_request *request, const struct api_report_send_in *in,
                          struct api_report_send_out *ret_out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf page = CX_BUF_INIT(REPORT_PAGE_MAX);
    struct taking taking;
    CX_TRY(find_tenant(request, in->tenant_id, &taking));
    cx_err err = report_form_parse(in->body, request->arena, request->diag, &taking.form);
    if (cx_is_ok(err))
        err = check_proof(&taking);
    if (cx_is_ok(err))
        err = take(&taking);
    if (cx_is_ok(err))
        return send_receipt(&taking, &ret_out->raw);
    bool senders = err.code == CX_E_PARSE || err.code == CX_E_POLICY || err.code == CX_E_LIMIT;
    if (!senders || !request->diag->text[0])
        return err;
    /* A person sees this in a browser: the form again, with what is wrong. */
    CX_TRY(report_page_form(taking.tenant, taking.action, cx_str_from(request->diag->text), &page));
    bool too_many = cx_str_is(cx_str_from(request->diag->rule), "report-rate");
    return send_page(request, too_many ? 429 : 422, &page, &ret_out->raw);
}

/* RFC 9116: where to report, per tenant. */
cx_err handle_security_txt(struct api_request *request, const struct api_security_txt_in *in,
                           struct api_security_txt_out *ret_out)
{
    (void)in;
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(SECURITY_TXT_MAX);
    const struct cx_id *tenants = NULL;
    size_t count = 0;
    char expires[CX_TIME_TEXT_MAX];
    struct cx_str url = request->core->options.public_url;
    CX_TRY(tenant_each(request->core, request->arena, &tenants, &count));
    for (size_t i = 0; i < count && text.len + 256 < SECURITY_TXT_MAX / 2; i++) {
        char id[CX_ID_TEXT_MAX];
        cx_id_format(CX_ID_TENANT, tenants[i], id);
        CX_TRY(cx_buf_addf(&text, "Contact: %.*s/report/%s\n", CX_STR_ARG(url), id));
    }
    CX_TRY(cx_time_format(
        request->now_us / CX_US_PER_S * CX_US_PER_S + SECURITY_TXT_DAYS * CX_US_PER_DAY, expires));
    CX_TRY(cx_buf_addf(&text,
                       "Expires: %s\nPreferred-Languages: en\n"
                       "Canonical: %.*s/.well-known/security.txt\n",
                       expires, CX_STR_ARG(url)));
    ret_out->raw.content_type = "text/plain; charset=utf-8";
    return arena_copy(request->arena, cx_buf_view(&text), &ret_out->raw.body);
}
