#include "core/incident/report_form.h"
#include "base/checked.h"
#include "codec/http.h"
#include "core/incident/key_proof.h"

static const char *const FIELDS[] = {"problem", "reporter", "may_be_named", "proof"};

static cx_err refuse(struct cx_diag *diag, const char *field, const char *rule, const char *text)
{
    return cx_refuse(diag, CX_ERR(PARSE), field, rule, "%s", text);
}

/* CR LF and CR become LF; other control characters than LF and tab are refused. */
static cx_err clean(struct arena *arena, struct cx_str text, bool one_line, struct cx_str *ret_text)
{
    char *copy = NULL;
    size_t len = 0;
    CX_TRY(arena_alloc(arena, text.len + 1, (void **)&copy));
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\r' && i + 1 < text.len && text.ptr[i + 1] == '\n')
            continue;
        if (c == '\r')
            c = '\n';
        if ((unsigned char)c < ' ' && (one_line || (c != '\n' && c != '\t')))
            return CX_ERR(PARSE);
        if (c == 0x7f)
            return CX_ERR(PARSE);
        copy[len++] = c;
    }
    *ret_text = (struct cx_str){copy, len};
    return CX_OK;
}

static cx_err read_text(const struct http_query *query, const char *name, size_t max, bool one_line,
                        struct arena *arena, struct cx_diag *diag, struct cx_str *ret_text)
{
    struct cx_str text = CX_STR_NONE;
    if (cx_failed(http_query_get(query, name, 0, &text)) || text.len == 0)
        return CX_OK;
    if (text.len > max)
        return cx_refuse(diag, CX_ERR(LIMIT), name, "too-long", "At most %zu characters.", max);
    cx_err err = clean(arena, text, one_line, ret_text);
    if (err.code == CX_E_PARSE)
        return refuse(diag, name, "characters", "There are control characters in the text.");
    return err;
}

static cx_err check_names(const struct http_query *query, struct cx_diag *diag)
{
    struct cx_str second = CX_STR_NONE;
    for (size_t i = 0; i < query->count; i++) {
        bool known = false;
        for (size_t j = 0; j < CX_COUNT_OF(FIELDS); j++)
            known = known || cx_str_is(query->parameters[i].name, FIELDS[j]);
        if (!known)
            return refuse(diag, "", "form-field", "The form has no such field.");
    }
    for (size_t j = 0; j < CX_COUNT_OF(FIELDS); j++)
        if (cx_is_ok(http_query_get(query, FIELDS[j], 1, &second)))
            return refuse(diag, FIELDS[j], "duplicate", "The field was sent twice.");
    return CX_OK;
}

cx_err report_form_parse(struct cx_bytes body, struct arena *arena, struct cx_diag *diag,
                         struct report_form *ret_form)
{
    struct report_form form = {0};
    struct http_query query = {0};
    struct cx_str text = CX_STR_NONE, named = CX_STR_NONE;
    if (body.len > REPORT_BODY_MAX)
        return cx_refuse(diag, CX_ERR(LIMIT), "", "too-long", "The report is too long.");
    if (cx_failed(cx_str_view(body, &text)) || cx_failed(http_query_parse(arena, text, &query)))
        return refuse(diag, "", "form", "The form cannot be read.");
    CX_TRY(check_names(&query, diag));
    CX_TRY(read_text(&query, "problem", REPORT_PROBLEM_MAX, false, arena, diag, &form.problem));
    CX_TRY(read_text(&query, "reporter", REPORT_REPORTER_MAX, true, arena, diag, &form.reporter));
    CX_TRY(read_text(&query, "proof", 16384, false, arena, diag, &form.proof));
    if (cx_is_ok(http_query_get(&query, "may_be_named", 0, &named)) && !cx_str_is(named, "yes"))
        return refuse(diag, "may_be_named", "word", "The box sends yes or nothing.");
    form.may_be_named = named.len > 0;
    if (form.problem.len == 0)
        return refuse(diag, "problem", "missing", "Say what the problem is.");
    *ret_form = form;
    return CX_OK;
}

static cx_err add_escaped(struct cx_buf *out, struct cx_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        const char *entity = c == '&'    ? "&amp;"
                             : c == '<'  ? "&lt;"
                             : c == '>'  ? "&gt;"
                             : c == '"'  ? "&quot;"
                             : c == '\'' ? "&#39;"
                                         : NULL;
        CX_TRY(entity ? cx_buf_add_str(out, cx_str_from(entity)) : cx_buf_add_u8(out, (uint8_t)c));
    }
    return CX_OK;
}

static cx_err add_head(struct cx_buf *out, const char *title, struct cx_str tenant)
{
    CX_TRY(
        cx_buf_addf(out,
                    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n"
                    "</head>\n<body>\n<main>\n<h1>%s: ",
                    title, title));
    CX_TRY(add_escaped(out, tenant));
    return cx_buf_add_str(out, CX_STR("</h1>\n"));
}

cx_err report_page_form(struct cx_str tenant, struct cx_str action, struct cx_str error,
                        struct cx_buf *out)
{
    CX_TRY(add_head(out, "Report a problem with a certificate", tenant));
    if (error.len) {
        CX_TRY(cx_buf_add_str(out, CX_STR("<p role=\"alert\"><strong>")));
        CX_TRY(add_escaped(out, error));
        CX_TRY(cx_buf_add_str(out, CX_STR("</strong></p>\n")));
    }
    CX_TRY(cx_buf_add_str(
        out, CX_STR("<p>Reports are taken at any time and answered within 24 hours. You need not "
                    "say who you are.</p>\n<form method=\"post\" action=\"")));
    CX_TRY(add_escaped(out, action));
    CX_TRY(cx_buf_addf(out,
                       "\">\n<p><label for=\"problem\">What is wrong, and with which certificate "
                       "(serial number, SHA-256 or address)?</label><br>\n"
                       "<textarea id=\"problem\" name=\"problem\" rows=\"12\" cols=\"80\" "
                       "maxlength=\"%d\" required></textarea></p>\n",
                       REPORT_PROBLEM_MAX));
    CX_TRY(
        cx_buf_addf(out,
                    "<p><label for=\"reporter\">Where can we answer you? (optional)</label><br>\n"
                    "<input id=\"reporter\" name=\"reporter\" size=\"60\" maxlength=\"%d\"></p>\n"
                    "<p><label><input type=\"checkbox\" name=\"may_be_named\" value=\"yes\"> "
                    "You may name me in public.</label></p>\n",
                    REPORT_REPORTER_MAX));
    return cx_buf_add_str(
        out,
        CX_STR(
            "<p><label for=\"proof\">Is a private key in other hands? Paste a certificate "
            "request that it signs, whose subject is only the common name \"" KEY_PROOF_NAME
            "\" (optional)</label><br>\n"
            "<textarea id=\"proof\" name=\"proof\" rows=\"8\" cols=\"80\" "
            "maxlength=\"16384\"></textarea></p>\n"
            "<p><button type=\"submit\">Send</button></p>\n</form>\n</main>\n</body>\n</html>\n"));
}

cx_err report_page_receipt(struct cx_str tenant, struct cx_str tracking, struct cx_str received,
                           bool proven, size_t certificate_count, struct cx_buf *out)
{
    CX_TRY(add_head(out, "Report received", tenant));
    CX_TRY(cx_buf_addf(out,
                       "<p>Your report was received at %.*s. Its tracking id is "
                       "<strong>%.*s</strong>; please keep it.</p>\n",
                       CX_STR_ARG(received), CX_STR_ARG(tracking)));
    if (proven)
        CX_TRY(cx_buf_addf(out,
                           "<p>The proof was verified: the key is compromised. Certificates with "
                           "this key: %zu.</p>\n",
                           certificate_count));
    return cx_buf_add_str(out, CX_STR("<p>Preliminary findings follow within 24 hours where you "
                                      "said how to reach you.</p>\n</main>\n</body>\n</html>\n"));
}
