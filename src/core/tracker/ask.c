#include "core/tracker/ask.h"

#include "base/cleanup.h"
#include "core/core.h"
#include "core/field.h"
#include "core/tracker/bugzilla.h"

enum { ASK_TIMEOUT_MS = 30000 };

cx_err tracker_line_open(struct core *core, struct arena *arena, const struct row_tracker *tracker,
                         struct tracker_line *ret_line)
{
    struct tracker_line line = {.core = core, .arena = arena, .tracker = tracker};
    struct field_place key = {tracker->tenant_id, "tracker", "api_key", tracker->tracker_id};
    struct field_place login = {tracker->tenant_id, "tracker", "login", tracker->tracker_id};
    CX_TRY(field_open_text(core, login, tracker->login, arena, &line.login));
    CX_TRY(field_open_text(core, key, tracker->api_key, arena, &line.key));
    *ret_line = line;
    return CX_OK;
}

void tracker_line_close(struct tracker_line *line)
{
    if (line->key.len)
        cx_wipe((void *)(uintptr_t)line->key.ptr, line->key.len);
    line->key = CX_STR_NONE;
}

/* 300, 306, 410: the key or the login is not taken. That is ours to mend, and says nothing about the request. */
static bool is_login(uint16_t status, int64_t code)
{
    return status == 401 || status == 403 || code == 300 || code == 306 || code == 410;
}

static enum tracker_verdict judge(uint16_t status, bool is_error, int64_t code)
{
    if (is_login(status, code))
        return TRACKER_LATER;
    if (status >= 200 && status <= 299)
        return is_error ? TRACKER_REFUSED : TRACKER_DONE;
    if (status == 404)
        return TRACKER_LOST;
    if (status >= 400 && status <= 499 && status != 408 && status != 425 && status != 429)
        return TRACKER_REFUSED;
    return TRACKER_LATER; /* redirects too: they are not followed with a key */
}

static void describe(struct tracker_answer *answer, uint16_t status, bool is_error,
                     const struct bugzilla_error *error)
{
    if (is_error)
        snprintf(answer->text, sizeof(answer->text), "status %u, error %lld: %s", status,
                 (long long)error->code, error->message);
    else
        snprintf(answer->text, sizeof(answer->text), "status %u", status);
}

cx_err tracker_ask(const struct tracker_line *line, enum outbound_tracker_method method,
                   struct cx_str path, struct cx_bytes body, struct tracker_answer *answer)
{
    struct outbound_tracker ask = {.method = method,
                                   .url = path,
                                   .body = body,
                                   .api_key = line->key,
                                   .ca_pem = cx_str_bytes(line->tracker->ca_pem),
                                   .timeout_ms = ASK_TIMEOUT_MS};
    struct cx_diag diag = CX_DIAG_INIT;
    struct bugzilla_error error;
    uint16_t status = 0;
    bool is_error = false;
    if (!cx_str_starts(path, CX_STR("https://")))
        CX_TRY(arena_printf(line->arena, &ask.url, "%.*s%.*s", CX_STR_ARG(line->tracker->base_url),
                            CX_STR_ARG(path)));
    cx_buf_clear(&answer->body);
    cx_err err = outbound_tracker(line->core->outbound, &ask, &diag, &status, &answer->body);
    if (err.code == CX_E_NOMEM)
        return err;
    if (cx_failed(err)) {
        answer->verdict = TRACKER_LATER;
        snprintf(answer->text, sizeof(answer->text), "no answer: %.*s", 200, diag.text);
        return CX_OK;
    }
    bugzilla_error_parse(cx_buf_view(&answer->body), &is_error, &error);
    answer->verdict = judge(status, is_error, error.code);
    describe(answer, status, is_error, &error);
    return CX_OK;
}

void tracker_answer_garbled(struct tracker_answer *answer, const struct cx_diag *diag)
{
    answer->verdict = TRACKER_LATER;
    snprintf(answer->text, sizeof(answer->text), "an answer that is no such document: %.*s %.*s",
             100, diag->field, 160, diag->text);
}
