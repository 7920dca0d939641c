#include "api_routes.h"
#include "base/cleanup.h"
#include "codec/pem.h"
#include "core/access/place.h"
#include "core/api/contract.h"
#include "core/inventory/certificate_view.h"

#include "core/inventory/export.h"
#include "core/inventory/query.h"
#include "core/issuance/issuer.h"
#include "pki/pkcs7.h"

enum { DOWNLOAD_MAX = 256 * 1024 };

cx_err handle_certificate_list(struct api_request *request,
                               const struct api_certificate_list_in *in,
                               struct api_certificate_list_out *ret_out)
{
    struct search search;
    struct certificate_page page = {
        .search = &search, .limit = (size_t)in->limit, .arena = request->arena};
    struct api_certificate_page view = {0};
    CX_TRY(search_from_query(request, in, &search));
    CX_TRY(page_cursor_parse("certificate", in->cursor, request->diag, &page.after));
    CX_TRY(certificate_page_read(request->core, &page));
    CX_TRY(certificate_page_cursor(&page, &view.next_cursor));
    view.has_next_cursor = view.next_cursor.len > 0;
    view.items = page.views;
    view.items_count = page.count;
    ret_out->body = view;
    return CX_OK;
}

cx_err handle_certificate_get(struct api_request *request, const struct api_certificate_get_in *in,
                              struct api_certificate_get_out *ret_out)
{
    cx_err err = certificate_show(request->core, &request->principal, in->certificate_id,
                                  request->now_us, request->arena, &ret_out->body);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "certificate_id", "certificate-unknown",
                         "There is no such certificate.");
    return err;
}

cx_err handle_certificate_export(struct api_request *request,
                                 const struct api_certificate_export_in *in,
                                 struct api_certificate_export_out *ret_out)
{
    struct api_certificate_list_in filters = {
        .has_name = in->has_name,
        .name = in->name,
        .has_serial = in->has_serial,
        .serial = in->serial,
        .has_sha256 = in->has_sha256,
        .sha256 = in->sha256,
        .has_spki_sha256 = in->has_spki_sha256,
        .spki_sha256 = in->spki_sha256,
        .has_issuer_id = in->has_issuer_id,
        .issuer_id = in->issuer_id,
        .has_certificate_profile = in->has_certificate_profile,
        .certificate_profile = in->certificate_profile,
        .has_status = in->has_status,
        .status = in->status,
        .has_expires_after = in->has_expires_after,
        .expires_after = in->expires_after,
        .has_expires_before = in->has_expires_before,
        .expires_before = in->expires_before,
        .has_requester_id = in->has_requester_id,
        .requester_id = in->requester_id,
        .has_tag = in->has_tag,
        .tag = in->tag,
    };
    struct export *export = NULL;
    CX_TRY(ARENA_NEW(request->arena, &export));
    export->core = request->core;
    export->csv = in->format == API_EXPORT_FORMAT_CSV;
    export->limit = (size_t)in->limit;
    CX_TRY(search_from_query(request, &filters, &export->search));
    CX_TRY(page_cursor_parse("certificate", in->cursor, request->diag, &export->after));
    ret_out->raw.content_type = export->csv ? "text/csv; charset=utf-8" : "application/x-ndjson";
    ret_out->raw.filename =
        export->csv ? CX_STR("certificates.csv") : CX_STR("certificates.ndjson");
    ret_out->raw.next = export_next;
    ret_out->raw.state = export;
    return CX_OK;
}

struct download {
    const struct principal *principal;
    struct cx_id tenant_id, certificate_id;
    struct arena *arena;
    struct certificate_row row;
};

static cx_err read_download(struct store_tx *tx, void *arg)
{
    struct download *download = arg;
    CX_TRY(access_check_certificate(tx, download->principal, PERMISSION_CERTIFICATE_READ,
                                    download->certificate_id, download->arena, NULL));
    return certificate_find(tx, download->tenant_id, download->certificate_id, download->arena,
                            &download->row);
}

/* The chain that a server sends: certificate, issuer, and what is above it but the root, which a relying party
 * has or does not trust (RFC 8446 §4.4.2). */
static size_t chain_of(const struct issuer_entry *issuer, struct cx_bytes der,
                       struct cx_bytes ret_chain[static ISSUER_CHAIN_MAX + 2])
{
    size_t count = 0;
    ret_chain[count++] = der;
    ret_chain[count++] = issuer->certificate_der;
    for (size_t i = 0; i + 1 < issuer->chain_count; i++)
        ret_chain[count++] = issuer->chain[i];
    return count;
}

static cx_err write_download(enum api_download_format format, const struct cx_bytes *chain,
                             size_t count, struct cx_buf *out)
{
    switch (format) {
    case API_DOWNLOAD_FORMAT_DER:
        return cx_buf_add(out, chain[0]);
    case API_DOWNLOAD_FORMAT_PKCS7:
        return pki_pkcs7_write(chain, count, out);
    case API_DOWNLOAD_FORMAT_CHAIN:
        for (size_t i = 0; i < count; i++)
            CX_TRY(pem_write("CERTIFICATE", chain[i], out));
        return CX_OK;
    default:
        return pem_write("CERTIFICATE", chain[0], out);
    }
}

static const struct {
    const char *content_type, *suffix;
} FORMATS[API_DOWNLOAD_FORMAT_COUNT] = {
    [API_DOWNLOAD_FORMAT_PEM] = {"application/x-pem-file", "pem"},
    [API_DOWNLOAD_FORMAT_CHAIN] = {"application/x-pem-file", "chain.pem"},
    [API_DOWNLOAD_FORMAT_DER] = {"application/pkix-cert", "cer"},
    [API_DOWNLOAD_FORMAT_PKCS7] = {"application/pkcs7-mime", "p7c"},
};

cx_err handle_certificate_download(struct api_request *request,
                                   const struct api_certificate_download_in *in,
                                   struct api_certificate_download_out *ret_out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(DOWNLOAD_MAX);
    struct download download = {.principal = &request->principal,
                                .tenant_id = request->principal.tenant_id,
                                .certificate_id = in->certificate_id,
                                .arena = request->arena};
    struct cx_bytes chain[ISSUER_CHAIN_MAX + 2], der = CX_BYTES_NONE;
    struct cx_str serial = CX_STR_NONE;
    const struct issuer_entry *issuer = NULL;
    cx_err err = store_read(request->core->store, read_download, &download);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "certificate_id", "certificate-unknown",
                         "There is no such certificate.");
    CX_TRY(err);
    CX_TRY(certificate_der(request->core, download.tenant_id, in->certificate_id, request->arena,
                           &der));
    CX_TRY(issuer_get(request->core, download.tenant_id, download.row.issuer_id, &issuer));
    CX_TRY(write_download(in->format, chain, chain_of(issuer, der, chain), &out));
    CX_TRY(page_hex_write(request->arena, download.row.serial, &serial));
    CX_TRY(arena_printf(request->arena, &ret_out->raw.filename, "%.*s.%s", CX_STR_ARG(serial),
                        FORMATS[in->format].suffix));
    ret_out->raw.content_type = FORMATS[in->format].content_type;
    return arena_copy(request->arena, cx_buf_view(&out), &ret_out->raw.body);
}
