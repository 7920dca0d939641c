/*
 * The page behind the link in a notice. A GET changes nothing, since mail filters follow links: a person presses a button, which
 * shows the notice, and a second one, which acknowledges it. From then on the link shows nothing more. Plain HTML without script.
 */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/access/secret.h"
#include "core/field.h"
#include "core/notify/notice_store.h"
#include "crypto/hash.h"

enum { PAGE_MAX = 512 * 1024 };

struct opening {
    struct api_request *request;
    struct access_secret secret;
    struct row_notice_recipient row;
    struct row_notice notice;
    bool acknowledge;
};

static cx_err add_escaped(struct cx_buf *out, struct cx_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        const char *entity = c == '&'   ? "&amp;"
                             : c == '<' ? "&lt;"
                             : c == '>' ? "&gt;"
                             : c == '"' ? "&quot;"
                                        : NULL;
        CX_TRY(entity ? cx_buf_add_str(out, cx_str_from(entity)) : cx_buf_add_u8(out, (uint8_t)c));
    }
    return CX_OK;
}

static cx_err find(struct store_tx *tx, void *arg)
{
    struct opening *opening = arg;
    struct arena *arena = opening->request->arena;
    struct cx_id none = {{0}}, tenant_id = opening->secret.tenant_id;
    CX_TRY(recipient_find(tx, tenant_id, none, opening->secret.id, arena, &opening->row));
    return notice_find(tx, tenant_id, none, opening->row.notice_id, arena, &opening->notice);
}

/* Whatever is wrong with the link, the answer is the same. */
static cx_err open_link(struct api_request *request, struct cx_str token, struct opening *opening)
{
    uint8_t hash[ACCESS_HASH_LEN];
    *opening = (struct opening){.request = request};
    cx_err err = access_secret_parse(ACCESS_SECRET_NOTICE, token, &opening->secret);
    if (cx_is_ok(err))
        err = store_read(request->core->store, find, opening);
    if (cx_is_ok(err))
        err = access_secret_hash(&opening->secret, hash);
    bool same = cx_is_ok(err) &&
                crypto_ct_equal(CX_BYTES(hash, sizeof(hash)), opening->row.token_hash) &&
                opening->notice.has_approved_us;
    cx_wipe(opening->secret.secret, sizeof(opening->secret.secret));
    if (cx_failed(err) && err.code != CX_E_PARSE && err.code != CX_E_NOTFOUND)
        return err;
    return same ? CX_OK
                : cx_refuse(request->diag, CX_ERR(NOTFOUND), "token", "link-unknown",
                            "There is no such link.");
}

static cx_err add_head(struct cx_buf *out)
{
    return cx_buf_add_str(
        out, CX_STR("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width\">\n"
                    "<title>Notice</title>\n</head>\n<body>\n<main>\n<h1>Notice</h1>\n"));
}

static cx_err add_button(struct cx_buf *out, const char *act, const char *label)
{
    return cx_buf_addf(out,
                       "<form method=\"post\">\n<p><button type=\"submit\" name=\"act\" "
                       "value=\"%s\">%s</button></p>\n</form>\n",
                       act, label);
}

static cx_err send_page(struct api_request *request, struct cx_buf *page, struct api_raw *raw)
{
    CX_TRY(cx_buf_add_str(page, CX_STR("</main>\n</body>\n</html>\n")));
    raw->content_type = "text/html; charset=utf-8";
    raw->headers[raw->header_count++] = (struct api_header){"Cache-Control", CX_STR("no-store")};
    return arena_copy(request->arena, cx_buf_view(page), &raw->body);
}

/* A person sees this in a browser. */
static cx_err send_refusal(struct api_request *request, cx_err err, struct api_raw *raw)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf page = CX_BUF_INIT(PAGE_MAX);
    if (err.code != CX_E_NOTFOUND && err.code != CX_E_PARSE)
        return err;
    raw->status = err.code == CX_E_NOTFOUND ? 404 : 422;
    CX_TRY(add_head(&page));
    CX_TRY(cx_buf_addf(&page, "<p role=\"alert\">%s</p>\n", request->diag->text));
    return send_page(request, &page, raw);
}

cx_err handle_notice_page(struct api_request *request, const struct api_notice_page_in *in,
                          struct api_notice_page_out *ret_out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf page = CX_BUF_INIT(PAGE_MAX);
    struct opening opening;
    cx_err err = open_link(request, in->token, &opening);
    if (cx_failed(err))
        return send_refusal(request, err, &ret_out->raw);
    CX_TRY(add_head(&page));
    if (opening.row.has_acknowledged_us)
        CX_TRY(cx_buf_add_str(&page, CX_STR("<p>This notice was acknowledged.</p>\n")));
    else
        CX_TRY(add_button(&page, "open", "Show the notice"));
    return send_page(request, &page, &ret_out->raw);
}

static cx_err write_opening(struct store_tx *tx, void *arg)
{
    struct opening *opening = arg;
    cx_time now_us = opening->request->now_us;
    struct cx_id tenant_id = opening->row.tenant_id;
    return opening->acknowledge
               ? recipient_acknowledged(tx, tenant_id, opening->row.recipient_id, now_us)
               : recipient_opened(tx, tenant_id, opening->row.recipient_id, now_us);
}

static cx_err commit(struct opening *opening)
{
    struct api_request *request = opening->request;
    struct cx_str recipient = CX_STR_NONE;
    CX_TRY(field_id_text(request->arena, CX_ID_NOTICE_RECIPIENT, opening->row.recipient_id,
                         &recipient));
    const struct field_detail details[] = {
        {"recipient", recipient},
        {"act", opening->acknowledge ? CX_STR("acknowledge") : CX_STR("open")},
        {"source_address", request->source_address}};
    struct audit_event event = {.tenant_id = opening->row.tenant_id,
                                .object_type = CX_ID_INCIDENT,
                                .object_id = opening->notice.incident_id};
    CX_TRY(field_details(request->arena, details, 3, &event.details));
    return api_commit(request, &event, write_opening, opening);
}

static cx_err add_notice(struct opening *opening, struct cx_buf *page)
{
    struct api_request *request = opening->request;
    struct field_place place = {opening->row.tenant_id, "notice_recipient", "body",
                                opening->row.recipient_id};
    struct cx_str text = CX_STR_NONE;
    CX_TRY(field_open_text(request->core, place, opening->row.body, request->arena, &text));
    CX_TRY(cx_buf_add_str(page, CX_STR("<pre>")));
    CX_TRY(add_escaped(page, text));
    CX_TRY(cx_buf_add_str(page, CX_STR("</pre>\n")));
    return add_button(page, "acknowledge", "I have read this notice");
}

cx_err handle_notice_page_send(struct api_request *request,
                               const struct api_notice_page_send_in *in,
                               struct api_notice_page_send_out *ret_out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf page = CX_BUF_INIT(PAGE_MAX);
    struct opening opening;
    struct cx_str act = {(const char *)in->body.ptr, in->body.len};
    bool acknowledge = cx_str_is(act, "act=acknowledge");
    cx_err err = acknowledge || cx_str_is(act, "act=open")
                     ? open_link(request, in->token, &opening)
                     : cx_refuse(request->diag, CX_ERR(PARSE), "act", "word",
                                 "The page sends open or acknowledge.");
    if (cx_failed(err))
        return send_refusal(request, err, &ret_out->raw);
    opening.acknowledge = acknowledge;
    if (!opening.row.has_acknowledged_us)
        CX_TRY(commit(&opening));
    CX_TRY(add_head(&page));
    if (opening.row.has_acknowledged_us || opening.acknowledge)
        CX_TRY(cx_buf_add_str(&page, CX_STR("<p>Thank you: it is acknowledged.</p>\n")));
    else
        CX_TRY(add_notice(&opening, &page));
    return send_page(request, &page, &ret_out->raw);
}
