/* Operations on the CAs whose certificates a tenant lets clients in with. */
#include "api_routes.h"
#include "codec/pem.h"
#include "core/client_certificate/client_certificate.h"
#include "core/core.h"
#include "core/field.h"
#include "core/issuance/issuer.h"
#include "core/page.h"
#include "crypto/hash.h"
#include "pki/certificate.h"
#include "store/rows.h"

enum { PEM_TEXT_MAX = 32 * 1024 };

static cx_err view_of(struct api_request *request, const struct client_ca_row *row,
                      struct api_client_ca_view *ret_view)
{
    struct cx_buf text = CX_BUF_INIT(PEM_TEXT_MAX);
    struct api_client_ca_view view = {.id = row->ca_id,
                                      .name = row->name,
                                      .not_after = row->not_after_us,
                                      .created = row->created_us,
                                      .created_by_id = row->created_by_id};
    CX_TRY(
        page_hex_write(request->arena, CX_BYTES(row->sha256, sizeof(row->sha256)), &view.sha256));
    cx_err err = pem_write("CERTIFICATE", row->certificate, &text);
    if (cx_is_ok(err))
        err = arena_copy_str(request->arena, (struct cx_str){(const char *)text.ptr, text.len},
                             &view.certificate);
    cx_buf_clear(&text);
    CX_TRY(err);
    *ret_view = view;
    return CX_OK;
}

struct ca_list {
    struct api_request *request;
    struct client_ca_row rows[CLIENT_CAS_MAX];
    size_t count;
};

static cx_err read_cas(struct store_tx *tx, void *arg)
{
    struct ca_list *list = arg;
    return client_ca_list(tx, list->request->principal.tenant_id, list->request->arena, list->rows,
                          &list->count);
}

cx_err handle_client_ca_list(struct api_request *request, const struct api_client_ca_list_in *in,
                             struct api_client_ca_list_out *ret_out)
{
    (void)in;
    struct ca_list *list = NULL;
    struct api_client_ca_view *items = NULL;
    CX_TRY(ARENA_NEW(request->arena, &list));
    list->request = request;
    CX_TRY(store_read(request->core->store, read_cas, list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list->count, &items));
    for (size_t i = 0; i < list->count; i++)
        CX_TRY(view_of(request, &list->rows[i], &items[i]));
    ret_out->body = (struct api_client_ca_page){.items = items, .items_count = list->count};
    return CX_OK;
}

struct ca_add {
    struct ca_list list;
    struct row_client_ca row;
};

/* Certificates of our own issuers are looked up, revoked or not; as a foreign CA's they would not be. */
static cx_err refuse_ours(struct api_request *request, const struct pki_certificate *certificate)
{
    const struct issuer_entry **issuers = NULL;
    size_t count = 0;
    CX_TRY(
        issuer_each(request->core, request->principal.tenant_id, request->arena, &issuers, &count));
    for (size_t i = 0; i < count; i++)
        if (cx_bytes_eq(issuers[i]->pki.spki, certificate->spki))
            return cx_refuse(request->diag, CX_ERR(POLICY), "certificate", "client-ca-ours",
                             "Certificates of the platform's own issuers need no trusted CA.");
    return CX_OK;
}

static cx_err read_ca(struct api_request *request, const struct api_client_ca_add_in *in,
                      struct ca_add *add)
{
    static const struct pem_limits limits = {
        .text_max = PEM_TEXT_MAX, .blocks_max = 1, .label = "CERTIFICATE", .skip_text = true};
    struct pem_block *blocks = NULL;
    struct pki_certificate certificate;
    struct pki_issuer issuer;
    struct cx_bytes sha256 = CX_BYTES_NONE;
    uint8_t digest[CRYPTO_SHA256_LEN];
    size_t count = 0;
    CX_TRY(pem_parse(request->arena, cx_str_bytes(in->certificate), &limits, request->diag, &blocks,
                     &count));
    CX_TRY(pki_certificate_parse(blocks[0].der, request->diag, &certificate));
    CX_TRY(pki_issuer_from_certificate(request->arena, &certificate, request->diag, &issuer));
    if (certificate.not_after_us <= request->now_us)
        return cx_refuse(request->diag, CX_ERR(POLICY), "certificate", "ca-expired",
                         "The CA's certificate has expired.");
    CX_TRY(refuse_ours(request, &certificate));
    CX_TRY(crypto_digest(CRYPTO_SHA256, &blocks[0].der, 1, digest));
    CX_TRY(arena_copy(request->arena, CX_BYTES(digest, sizeof(digest)), &sha256));
    add->row = (struct row_client_ca){.tenant_id = request->principal.tenant_id,
                                      .name = in->name,
                                      .certificate = blocks[0].der,
                                      .sha256 = sha256,
                                      .not_after_us = certificate.not_after_us,
                                      .created_us = request->now_us,
                                      .created_by_id = request->principal.user_id};
    return cx_id_new(request->core->rng, &add->row.ca_id);
}

static cx_err write_ca(struct store_tx *tx, void *arg)
{
    struct ca_add *add = arg;
    CX_TRY(read_cas(tx, &add->list));
    if (add->list.count == CLIENT_CAS_MAX)
        return cx_refuse(add->list.request->diag, CX_ERR(LIMIT), "", "client-cas",
                         "At most %d CAs are trusted for client certificates.", CLIENT_CAS_MAX);
    return row_client_ca_insert(tx, &add->row);
}

cx_err handle_client_ca_add(struct api_request *request, const struct api_client_ca_add_in *in,
                            struct api_client_ca_add_out *ret_out)
{
    struct ca_add *add = NULL;
    CX_TRY(ARENA_NEW(request->arena, &add));
    add->list.request = request;
    CX_TRY(read_ca(request, in, add));
    struct client_ca_row row = {.ca_id = add->row.ca_id,
                                .created_by_id = add->row.created_by_id,
                                .name = in->name,
                                .certificate = add->row.certificate,
                                .not_after_us = add->row.not_after_us,
                                .created_us = add->row.created_us};
    memcpy(row.sha256, add->row.sha256.ptr, sizeof(row.sha256));
    CX_TRY(view_of(request, &row, &ret_out->body));
    const struct field_detail details[] = {{"name", in->name}, {"sha256", ret_out->body.sha256}};
    struct audit_event event = {.object_type = CX_ID_CLIENT_CA, .object_id = row.ca_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    cx_err err = api_commit(request, &event, write_ca, add);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "certificate", "client-ca-there",
                         "This CA is trusted already.");
    return err;
}

struct ca_remove {
    struct ca_list list;
    struct cx_id ca_id;
    const struct client_ca_row *row;
};

static cx_err write_removal(struct store_tx *tx, void *arg)
{
    struct ca_remove *removal = arg;
    struct api_request *request = removal->list.request;
    const struct principal *me = &request->principal;
    CX_TRY(read_cas(tx, &removal->list));
    for (size_t i = 0; i < removal->list.count; i++)
        if (cx_id_eq(removal->list.rows[i].ca_id, removal->ca_id))
            removal->row = &removal->list.rows[i];
    cx_err err = client_ca_remove(tx, me->tenant_id, removal->ca_id, me->user_id, request->now_us);
    if (err.code == CX_E_NOTFOUND || (cx_is_ok(err) && !removal->row))
        return cx_refuse(request->diag, CX_ERR(NOTFOUND), "ca_id", "client-ca-unknown",
                         "No such CA is trusted.");
    return err;
}

cx_err handle_client_ca_remove(struct api_request *request,
                               const struct api_client_ca_remove_in *in,
                               struct api_client_ca_remove_out *ret_out)
{
    struct ca_remove *removal = NULL;
    struct audit_event event = {.object_type = CX_ID_CLIENT_CA, .object_id = in->ca_id};
    CX_TRY(ARENA_NEW(request->arena, &removal));
    removal->list.request = request;
    removal->ca_id = in->ca_id;
    CX_TRY(api_commit(request, &event, write_removal, removal));
    return view_of(request, removal->row, &ret_out->body);
}
