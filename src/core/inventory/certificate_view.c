#include "core/inventory/certificate_view.h"
#include "base/cleanup.h"
#include "codec/pem.h"
#include "core/access/place.h"
#include "core/core.h"
#include "core/field.h"
#include "core/issuance/body.h"
#include "core/issuance/dn_text.h"
#include "core/issuance/reason.h"
#include "core/issuance/request_view.h"

enum { PEM_MAX = 65536 };

struct extras {
    struct search_name_row names[PKI_NAMES_MAX];
    size_t name_count;
    struct access_tag tags[REQUEST_TAGS_MAX];
    size_t tag_count;
    struct cx_sealed request_body; /* read when the names hold personal data */
};

static cx_err read_extras(struct store_tx *tx, struct cx_id tenant_id,
                          const struct certificate_row *row, struct arena *arena,
                          struct extras *extras)
{
    struct request_row request;
    bool personal = false;
    CX_TRY(search_names(tx, tenant_id, row->certificate_id, arena, extras->names,
                        &extras->name_count));
    CX_TRY(
        search_tags(tx, tenant_id, row->certificate_id, arena, extras->tags, &extras->tag_count));
    for (size_t i = 0; i < extras->name_count; i++)
        personal = personal || extras->names[i].value.len == 0;
    if (!personal)
        return CX_OK;
    CX_TRY(request_find(tx, tenant_id, row->request_id, arena, &request));
    extras->request_body = request.body;
    return CX_OK;
}

static cx_err plain_names(const struct extras *extras, struct arena *arena,
                          struct api_certificate_view *view)
{
    struct api_name *names = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, extras->name_count, &names));
    for (size_t i = 0; i < extras->name_count; i++)
        names[i] =
            (struct api_name){(enum api_name_kind)extras->names[i].kind, extras->names[i].value};
    view->names = names;
    view->names_count = extras->name_count;
    return CX_OK;
}

/* E-mail and uri names are stored sealed, in the body of the request that the certificate came from. */
static cx_err sealed_names(struct core *core, struct cx_id tenant_id,
                           const struct certificate_row *row, const struct extras *extras,
                           struct arena *arena, struct api_certificate_view *view)
{
    struct field_place place = {tenant_id, "request", "body", row->request_id};
    struct issuance_body body;
    struct cx_bytes bytes = CX_BYTES_NONE;
    CX_TRY(field_open(core, place, extras->request_body, arena, &bytes));
    CX_TRY(issuance_body_parse(bytes, arena, &body));
    view->names_count = body.name_count;
    return request_names_view(body.names, body.name_count, arena, &view->names);
}

static enum api_certificate_status status_of(const struct certificate_row *row, cx_time now_us)
{
    if (row->revoked_us)
        return API_CERTIFICATE_STATUS_REVOKED;
    return row->not_after_us <= now_us ? API_CERTIFICATE_STATUS_EXPIRED
                                       : API_CERTIFICATE_STATUS_ACTIVE;
}

static cx_err plain_view(const struct certificate_row *row, cx_time now_us, struct arena *arena,
                         struct api_certificate_view *view)
{
    *view = (struct api_certificate_view){
        .id = row->certificate_id,
        .status = status_of(row, now_us),
        .certificate_profile = row->profile_name,
        .certificate_profile_version = row->profile_version,
        .issuer_id = row->issuer_id,
        .has_group_id = !cx_id_is_zero(row->group_id),
        .group_id = row->group_id,
        .has_request_id = true,
        .request_id = row->request_id,
        .has_requester_id = !cx_id_is_zero(row->requester_id),
        .requester_id = row->requester_id,
        .not_before = row->not_before_us,
        .not_after = row->not_after_us,
        .key_type = (enum api_key_type)row->key_type,
        .has_replaced_by = !cx_id_is_zero(row->replaced_by_id),
        .replaced_by = row->replaced_by_id,
        .has_revoked = row->revoked_us != 0,
        .revoked = row->revoked_us,
        .has_reason = row->revoked_us != 0,
        .created = row->issued_us,
    };
    view->reason = revocation_reason_view(row->revoke_reason);
    CX_TRY(page_hex_write(arena, row->serial, &view->serial));
    CX_TRY(page_hex_write(arena, CX_BYTES(row->sha256, sizeof(row->sha256)), &view->sha256));
    return page_hex_write(arena, CX_BYTES(row->spki_sha256, sizeof(row->spki_sha256)),
                          &view->spki_sha256);
}

static cx_err view_of(struct core *core, struct cx_id tenant_id, const struct certificate_row *row,
                      const struct extras *extras, cx_time now_us, struct arena *arena,
                      struct api_certificate_view *view)
{
    struct api_tag *tags = NULL;
    CX_TRY(plain_view(row, now_us, arena, view));
    CX_TRY(ARENA_NEW_ARRAY(arena, extras->tag_count, &tags));
    for (size_t i = 0; i < extras->tag_count; i++)
        tags[i] = (struct api_tag){extras->tags[i].name, extras->tags[i].value};
    view->has_tags = extras->tag_count > 0;
    view->tags = tags;
    view->tags_count = extras->tag_count;
    if (extras->request_body.envelope.len)
        return sealed_names(core, tenant_id, row, extras, arena, view);
    return plain_names(extras, arena, view);
}

struct page_read {
    struct certificate_page *page;
    struct extras **extras;
};

static cx_err read_page(struct store_tx *tx, void *arg)
{
    struct page_read *read = arg;
    struct certificate_page *page = read->page;
    CX_TRY(search_page(tx, page->search, &page->after, page->limit, page->arena, page->rows,
                       &page->count));
    for (size_t i = 0; i < page->count; i++) {
        CX_TRY(ARENA_NEW(page->arena, &read->extras[i]));
        CX_TRY(
            read_extras(tx, page->search->tenant_id, &page->rows[i], page->arena, read->extras[i]));
    }
    return CX_OK;
}

cx_err certificate_page_read(struct core *core, struct certificate_page *page)
{
    struct page_read read = {.page = page};
    CX_TRY(ARENA_NEW_ARRAY(page->arena, page->limit, &page->rows));
    CX_TRY(
        arena_alloc_array(page->arena, page->limit, sizeof(*read.extras), (void **)&read.extras));
    CX_TRY(store_read(core->store, read_page, &read));
    CX_TRY(ARENA_NEW_ARRAY(page->arena, page->count, &page->views));
    for (size_t i = 0; i < page->count; i++)
        CX_TRY(view_of(core, page->search->tenant_id, &page->rows[i], read.extras[i],
                       page->search->now_us, page->arena, &page->views[i]));
    return CX_OK;
}

cx_err certificate_page_cursor(const struct certificate_page *page, struct cx_str *ret_cursor)
{
    if (page->count == 0 || page->count < page->limit) {
        *ret_cursor = CX_STR_NONE;
        return CX_OK;
    }
    const struct certificate_row *last = &page->rows[page->count - 1];
    struct page_key key = {last->issued_us, last->certificate_id};
    return page_cursor_write(page->arena, "certificate", &key, ret_cursor);
}

struct one_read {
    const struct principal *principal;
    struct cx_id tenant_id, certificate_id;
    struct arena *arena;
    struct certificate_row row;
    struct extras extras;
};

static cx_err read_one(struct store_tx *tx, void *arg)
{
    struct one_read *read = arg;
    CX_TRY(access_check_certificate(tx, read->principal, PERMISSION_CERTIFICATE_READ,
                                    read->certificate_id, read->arena, NULL));
    CX_TRY(certificate_find(tx, read->tenant_id, read->certificate_id, read->arena, &read->row));
    return read_extras(tx, read->tenant_id, &read->row, read->arena, &read->extras);
}

cx_err certificate_show(struct core *core, const struct principal *principal,
                        struct cx_id certificate_id, cx_time now_us, struct arena *arena,
                        struct api_certificate_view *ret_view)
{
    struct cx_id tenant_id = principal->tenant_id;
    CX_CLEANUP(cx_buf_clear) struct cx_buf pem = CX_BUF_INIT(PEM_MAX);
    struct one_read *read = NULL;
    struct api_certificate_view view;
    struct pki_certificate certificate;
    struct cx_bytes der = CX_BYTES_NONE;
    CX_TRY(ARENA_NEW(arena, &read));
    read->principal = principal;
    read->tenant_id = tenant_id;
    read->certificate_id = certificate_id;
    read->arena = arena;
    CX_TRY(store_read(core->store, read_one, read));
    CX_TRY(view_of(core, tenant_id, &read->row, &read->extras, now_us, arena, &view));
    CX_TRY(certificate_der(core, tenant_id, certificate_id, arena, &der));
    CX_TRY(pki_certificate_parse(der, NULL, &certificate));
    CX_TRY(dn_text(certificate.subject, arena, &view.subject));
    view.has_subject = view.subject.len > 0;
    CX_TRY(pem_write("CERTIFICATE", der, &pem));
    CX_TRY(arena_copy_str(arena, (struct cx_str){(const char *)pem.ptr, pem.len}, &view.pem));
    view.has_pem = true;
    *ret_view = view;
    return CX_OK;
}
