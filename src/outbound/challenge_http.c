#include "outbound/challenge.h"

#include "outbound/reach.h"

enum { QUOTE_MAX = 65 };

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void challenge_http_judge(const struct web_answer *answer, struct cx_str key_authorization,
                          bool may_quote, struct observation *seen)
{
    size_t len = answer->body_len;
    char quote[QUOTE_MAX] = "";
    if (answer->status != 200) {
        observe_problem(seen, OUTBOUND_UNAUTHORIZED, "the answer has status %u, not 200",
                        answer->status);
        return;
    }
    while (len > 0 && is_blank(answer->body[len - 1])) /* RFC 8555 §8.3 */
        len--;
    if (!answer->body_too_long &&
        cx_bytes_eq(CX_BYTES(answer->body, len), cx_str_bytes(key_authorization)))
        return;
    if (!may_quote) {
        observe_problem(seen, OUTBOUND_INCORRECT_RESPONSE,
                        "the answer is not the key authorization, but %zu%s octets", len,
                        answer->body_too_long ? " or more" : "");
        return;
    }
    observe_excerpt(CX_BYTES(answer->body, len), quote, sizeof(quote));
    observe_problem(seen, OUTBOUND_INCORRECT_RESPONSE,
                    "the answer is not the key authorization, but \"%s\"%s", quote,
                    len >= sizeof(quote) ? " ..." : "");
}

static bool is_redirect(unsigned status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Where the applicant's server is asked, for the text: it may be many redirects away. */
static void note_failure(const struct web_target *target, cx_err err, const struct cx_diag *diag,
                         struct observation *seen)
{
    enum outbound_problem problem = OUTBOUND_CONNECTION;
    if (err.code == CX_E_CRYPTO)
        problem = OUTBOUND_TLS;
    else if (err.code == CX_E_LIMIT)
        problem = OUTBOUND_UNAUTHORIZED;
    observe_problem(seen, problem, "%s port %u: %s", target->host, target->port, diag->text);
}

/* One hop. *ret_public: the answer came from a public address. */
static cx_err fetch(const struct look *look, const struct web_target *target,
                    struct observation *seen, struct web_answer *ret_answer, bool *ret_public)
{
    struct address address = {.len = 0};
    struct cx_diag diag = CX_DIAG_INIT;
    int fd = -1;
    const struct reach_host host = {cx_str_from(target->host), target->is_ip, target->port};
    CX_TRY(reach_connect(look, &host, seen, &address, &fd));
    if (fd < 0)
        return CX_OK;
    *ret_public = outbound_address_is_public(&address.any, address.len);
    cx_err err = web_get(fd, target, look->deadline_us, &diag, ret_answer);
    if (err.code == CX_E_NOMEM)
        return err;
    if (cx_failed(err))
        note_failure(target, err, &diag, seen);
    return CX_OK;
}

static cx_err follow(const struct web_answer *answer, const struct web_rules *rules,
                     struct web_target *target, struct observation *seen)
{
    struct cx_diag diag = CX_DIAG_INIT;
    struct web_target next;
    if (answer->location_count != 1) {
        observe_problem(seen, OUTBOUND_UNAUTHORIZED, "a redirect (%u) has %zu Location headers",
                        answer->status, answer->location_count);
        return CX_OK;
    }
    cx_err err = web_target_next(target, cx_str_from(answer->location), rules, &diag, &next);
    if (err.code == CX_E_NOMEM)
        return err;
    if (cx_failed(err))
        observe_problem(seen, OUTBOUND_UNAUTHORIZED,
                        "%s port %u redirects to where this CA does not go: %s", target->host,
                        target->port, diag.text);
    else
        *target = next;
    return CX_OK;
}

cx_err challenge_http(const struct look *look, const struct ipc_outbound_validate *request,
                      struct observation *seen)
{
    const struct web_rules rules = {look->set->http_port, look->set->https_port, request->is_ip};
    struct web_target target;
    CX_TRY(web_target_first(request->name, request->is_ip, request->token, &rules, &target));
    for (int hop = 0; hop <= WEB_REDIRECTS_MAX; hop++) {
        struct web_answer answer = {.status = 0};
        bool may_quote = false;
        CX_TRY(fetch(look, &target, seen, &answer, &may_quote));
        if (seen->problem != OUTBOUND_VALID)
            return CX_OK;
        if (!is_redirect(answer.status)) {
            challenge_http_judge(&answer, request->key_authorization, may_quote, seen);
            return CX_OK;
        }
        CX_TRY(follow(&answer, &rules, &target, seen));
        if (seen->problem != OUTBOUND_VALID)
            return CX_OK;
    }
    observe_problem(seen, OUTBOUND_CONNECTION, "more than %d redirects", WEB_REDIRECTS_MAX);
    return CX_OK;
}
