#include "core/letter/text.h"
#include "base/checked.h"

static cx_err add_time(cx_time at_us, struct cx_buf *out)
{
    time_t seconds = (time_t)(at_us / CX_US_PER_S);
    struct tm tm;
    if (!gmtime_r(&seconds, &tm))
        return CX_ERR(INTERNAL);
    return cx_buf_addf(out, "%04d-%02d-%02d %02d:%02d UTC", tm.tm_year + 1900, tm.tm_mon + 1,
                       tm.tm_mday, tm.tm_hour, tm.tm_min);
}

static cx_err account_line(const struct row_letter_event *event, struct cx_buf *out)
{
    static const struct {
        const char *action, *text;
    } said[] = {
        {"factor.passkey.create", "A passkey was added to your account"},
        {"factor.passkey.remove", "A passkey of your account was removed"},
        {"factor.password.set", "The password of your account was set"},
        {"factor.totp.confirm", "A new secret for one-time codes was set for your account"},
        {"factor.certificate.bind", "A client certificate was bound to your account"},
        {"user.factor.reset", "All login factors of your account were removed by an administrator"},
        {"user.link.create", "A link was made with which somebody can log in to your account anew"},
        {"user.enroll", "A link was used to log in to your account anew"},
        {"break-glass.create", "Your account was made a break-glass account"},
        {"break-glass.open", "A break-glass account was opened"},
        {"system.login.throttled",
         "Somebody failed to log in to your account so often that more attempts have to wait"},
    };
    for (size_t i = 0; i < CX_COUNT_OF(said); i++) {
        if (cx_str_is(event->action, said[i].action)) {
            CX_TRY(cx_buf_addf(out, "- %s (", said[i].text));
            CX_TRY(add_time(event->at_us, out));
            return cx_buf_add_str(out, CX_STR(").\n"));
        }
    }
    return CX_ERR(INTERNAL);
}

static cx_err add_due(const struct letter_item *item, struct cx_buf *out)
{
    if (item->due_us == 0)
        return CX_OK;
    CX_TRY(cx_buf_add_str(out, CX_STR("; until ")));
    return add_time(item->due_us, out);
}

/* A request that failed may have been approved first: then it is what came of it that counts. */
static const char *outcome_of(const struct letter_item *item, struct cx_str action)
{
    if (cx_str_is(action, "approval.expire"))
        return "had no decision in time";
    if (cx_str_is(item->state, "rejected"))
        return "was rejected";
    if (cx_str_is(item->state, "cancelled"))
        return "was cancelled";
    return cx_str_is(item->state, "failed") ? "was approved, and failed" : "was approved";
}

static cx_err review_line(const struct row_letter_event *event, const struct letter_item *item,
                          const char *id, struct cx_buf *out)
{
    CX_TRY(cx_buf_addf(out, "- Access review %s: %lld rights have no answer yet", id,
                       (long long)item->open));
    CX_TRY(add_due(item, out));
    CX_TRY(cx_buf_add_str(out, cx_str_is(event->kind, "review-due")
                                   ? CX_STR("; then what has none ends")
                                   : CX_STR("")));
    return cx_buf_addf(out, ".\n    certinext review items %s\n", id);
}

static cx_err work_line(const struct row_letter_event *event, const struct letter_item *item,
                        const char *id, struct cx_buf *out)
{
    bool request = item->type == LETTER_REQUEST;
    const char *noun = request ? "request" : "proposal";
    if (cx_str_is(event->kind, "decided"))
        return cx_buf_addf(out, "- Your %s %s %s.\n    certinext %s show %s\n", noun, id,
                           outcome_of(item, event->action), noun, id);
    CX_TRY(cx_buf_addf(out, "- %s %s (%.*s%s%.*s) waits for somebody like you", noun, id,
                       CX_STR_ARG(item->kind), item->detail.len ? ", " : "",
                       CX_STR_ARG(item->detail)));
    if (cx_str_is(event->kind, "escalated"))
        CX_TRY(cx_buf_add_str(out, CX_STR(" and nobody has decided in time: it was escalated")));
    CX_TRY(add_due(item, out));
    return cx_buf_addf(out, ".\n    certinext %s %s %s\n", noun, request ? "context" : "show", id);
}

cx_err letter_line(const struct row_letter_event *event, const struct letter_item *item,
                   struct cx_buf *out)
{
    static const enum cx_id_type types[] = {[LETTER_REQUEST] = CX_ID_REQUEST,
                                            [LETTER_PROPOSAL] = CX_ID_PROPOSAL,
                                            [LETTER_REVIEW] = CX_ID_REVIEW};
    char id[CX_ID_TEXT_MAX];
    if (!item)
        return account_line(event, out);
    cx_id_format(types[item->type], item->id, id);
    return item->type == LETTER_REVIEW ? review_line(event, item, id, out)
                                       : work_line(event, item, id, out);
}

cx_err letter_subject(bool security, size_t count, const struct row_letter_event *first,
                      struct cx_str tenant, struct cx_buf *out)
{
    CX_TRY(cx_buf_addf(out, "[CertiNext %.*s] ", CX_STR_ARG(tenant)));
    if (security)
        return cx_buf_add_str(out, CX_STR("Your account: something has changed"));
    if (count == 1 && cx_str_is(first->kind, "decided"))
        return cx_buf_add_str(out, CX_STR("What you asked for was decided on"));
    if (count == 1)
        return cx_buf_add_str(out, CX_STR("Something waits for you"));
    return cx_buf_addf(out, "%zu things for you", count);
}

cx_err letter_body(bool security, size_t count, struct cx_str lines, struct cx_str tenant,
                   struct cx_str url, struct cx_buf *out)
{
    CX_TRY(cx_buf_addf(out, "This is CertiNext at %.*s, tenant %.*s.\n\n", CX_STR_ARG(url),
                       CX_STR_ARG(tenant)));
    CX_TRY(cx_buf_add_str(out, lines));
    if (count > LETTER_SHOWN_MAX)
        CX_TRY(cx_buf_addf(out, "- and %zu more.\n", count - LETTER_SHOWN_MAX));
    return cx_buf_add_str(
        out, security ? CX_STR("\nIf you do not know why, tell your administrators at once.\n")
                      : CX_STR("\nThere is no link in this letter on purpose. To get no more of "
                               "this kind:\n    certinext letter choose --waiting false\n"));
}
