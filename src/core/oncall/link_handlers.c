/*
 * The form behind the link in a page. A GET changes nothing, since mail filters follow links: a person presses the button. Plain HTML
 * without script.
 */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/access/secret.h"
#include "core/core.h"
#include "core/field.h"
#include "core/oncall/acknowledge.h"
#include "crypto/hash.h"

enum { FORM_MAX = 4096 };

struct opening {
    struct api_request *request;
    struct access_secret secret;
    struct row_oncall_letter letter;
    struct row_oncall_page page;
};

static cx_err find(struct store_tx *tx, void *arg)
{
    struct opening *opening = arg;
    struct arena *arena = opening->request->arena;
    struct cx_id tenant_id = opening->secret.tenant_id;
    CX_TRY(page_letter_find(tx, tenant_id, opening->secret.id, arena, &opening->letter));
    return page_find(tx, tenant_id, opening->letter.page_id, arena, &opening->page);
}

/* Whatever is wrong with the link, the answer is the same. */
static cx_err open_link(struct api_request *request, struct cx_str token, struct opening *opening)
{
    uint8_t hash[ACCESS_HASH_LEN];
    *opening = (struct opening){.request = request};
    cx_err err = access_secret_parse(ACCESS_SECRET_PAGE, token, &opening->secret);
    if (cx_is_ok(err))
        err = store_read(request->core->store, find, opening);
    if (cx_is_ok(err))
        err = access_secret_hash(&opening->secret, hash);
    bool same =
        cx_is_ok(err) && crypto_ct_equal(CX_BYTES(hash, sizeof(hash)), opening->letter.token_hash);
    access_secret_clear(&opening->secret);
    if (cx_failed(err) && err.code != CX_E_PARSE && err.code != CX_E_NOTFOUND)
        return err;
    return same ? CX_OK
                : cx_refuse(request->diag, CX_ERR(NOTFOUND), "token", "link-unknown",
                            "There is no such link.");
}

/* text is ours, without a character that HTML knows. */
static cx_err send_form(struct api_request *request, uint16_t status, const char *text, bool button,
                        struct api_raw *raw)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf form = CX_BUF_INIT(FORM_MAX);
    raw->status = status;
    raw->content_type = "text/html; charset=utf-8";
    raw->headers[raw->header_count++] = (struct api_header){"Cache-Control", CX_STR("no-store")};
    CX_TRY(cx_buf_addf(
        &form,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Page</title>\n</head>\n"
        "<body>\n<main>\n<h1>Page</h1>\n<p>%s</p>\n%s</main>\n</body>\n</html>\n",
        text,
        button ? "<form method=\"post\">\n<p><button type=\"submit\" name=\"act\" "
                 "value=\"acknowledge\">I take it on</button></p>\n</form>\n"
               : ""));
    return arena_copy(request->arena, cx_buf_view(&form), &raw->body);
}

/* A person sees this in a browser. */
static cx_err send_refusal(struct api_request *request, cx_err err, struct api_raw *raw)
{
    if (err.code != CX_E_NOTFOUND && err.code != CX_E_PARSE)
        return err;
    return send_form(request, err.code == CX_E_NOTFOUND ? 404 : 422, request->diag->text, false,
                     raw);
}

/* Only while somebody is wanted: the link of a page that is over changes nothing. */
static bool is_wanted(const struct row_oncall_page *page)
{
    return cx_str_is(page->state, "open") ||
           (cx_str_is(page->state, "unanswered") && page->has_incident_id);
}

cx_err handle_oncall_link(struct api_request *request, const struct api_oncall_link_in *in,
                          struct api_oncall_link_out *ret_out)
{
    struct opening opening;
    cx_err err = open_link(request, in->token, &opening);
    if (cx_failed(err))
        return send_refusal(request, err, &ret_out->raw);
    return is_wanted(&opening.page)
               ? send_form(request, 200, "Somebody on call is wanted.", true, &ret_out->raw)
               : send_form(request, 200, "This page is over: nobody is wanted any more.", false,
                           &ret_out->raw);
}

static cx_err take_on(struct opening *opening)
{
    struct api_request *request = opening->request;
    struct cx_str user = CX_STR_NONE, details = CX_STR_NONE;
    CX_TRY(field_id_text(request->arena, CX_ID_USER, opening->letter.user_id, &user));
    const struct field_detail fields[] = {{"user", user},
                                          {"source_address", request->source_address}};
    CX_TRY(field_details(request->arena, fields, 2, &details));
    return page_take_on(request, &opening->page, opening->letter.user_id, CX_STR("by the link"),
                        details);
}

cx_err handle_oncall_link_send(struct api_request *request,
                               const struct api_oncall_link_send_in *in,
                               struct api_oncall_link_send_out *ret_out)
{
    struct opening opening;
    struct cx_str act = {(const char *)in->body.ptr, in->body.len};
    cx_err err =
        cx_str_is(act, "act=acknowledge")
            ? open_link(request, in->token, &opening)
            : cx_refuse(request->diag, CX_ERR(PARSE), "act", "word", "The form sends acknowledge.");
    if (cx_failed(err))
        return send_refusal(request, err, &ret_out->raw);
    if (!is_wanted(&opening.page))
        return send_form(request, 200, "This page is over: nobody is wanted any more.", false,
                         &ret_out->raw);
    err = take_on(&opening);
    if (err.code == CX_E_CONFLICT)
        return send_form(request, 200, "Somebody was faster: it is taken.", false, &ret_out->raw);
    CX_TRY(err);
    return send_form(request, 200, "Thank you: it is yours.", false, &ret_out->raw);
}
