#include "core/notify/text.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "codec/base64.h"
#include "core/api/contract.h"
#include "crypto/hash.h"

#include <time.h>

enum { LINES_MAX = 32 * 1024, MAIL_LINE = 76, WORD_OCTETS = 42 };

static struct cx_str trim(struct cx_str text)
{
    while (text.len && text.ptr[0] == ' ')
        text = (struct cx_str){text.ptr + 1, text.len - 1};
    while (text.len && text.ptr[text.len - 1] == ' ')
        text.len--;
    return text;
}

/* Cuts off what stands before the next ';'. False when there is none. */
static bool cut(struct cx_str *rest, struct cx_str *ret_part)
{
    const char *at = memchr(rest->ptr, ';', rest->len);
    if (!at)
        return false;
    size_t len = (size_t)(at - rest->ptr);
    *ret_part = trim((struct cx_str){rest->ptr, len});
    *rest = (struct cx_str){at + 1, rest->len - len - 1};
    return true;
}

cx_err notice_step_parse(struct cx_str step, struct cx_diag *diag, struct notice_step *ret_step)
{
    struct notice_step read = {0};
    struct cx_str due = CX_STR_NONE, rest = step;
    if (!cut(&rest, &due) || !cut(&rest, &read.owner) ||
        cx_failed(cx_time_parse(due, &read.due_us)))
        return cx_refuse(diag, CX_ERR(POLICY), "steps", "step-due",
                         "A step is TIME; OWNER; TEXT, with a time such as 2026-12-01T12:00:00Z.");
    read.text = trim(rest);
    if (read.owner.len == 0)
        return cx_refuse(diag, CX_ERR(POLICY), "steps", "step-owner",
                         "The step does not say who is responsible.");
    if (read.text.len == 0)
        return cx_refuse(diag, CX_ERR(POLICY), "steps", "step-text",
                         "The step does not say what happens.");
    *ret_step = read;
    return CX_OK;
}

bool notice_is_unknown(const struct api_notice_content *content, enum api_notice_section section)
{
    for (size_t i = 0; i < content->unknown_count; i++)
        if (content->unknown[i] == section)
            return true;
    return false;
}

static cx_err check_section(const struct api_notice_content *content, bool has,
                            enum api_notice_section section, const char *field,
                            struct cx_diag *diag)
{
    bool unknown = notice_is_unknown(content, section);
    if (!has && !unknown)
        return cx_refuse(diag, CX_ERR(POLICY), field, "section-empty",
                         "The notice says nothing of that: give it, or list it as unknown with the "
                         "time of the next notice.");
    if (has && unknown)
        return cx_refuse(diag, CX_ERR(POLICY), field, "section-unknown",
                         "It is given and listed as unknown.");
    return CX_OK;
}

cx_err notice_content_check(const struct api_notice_content *content, struct cx_diag *diag)
{
    struct notice_step step;
    size_t written = content->nature.len + content->impact.len;
    CX_TRY(check_section(content, content->has_nature, API_NOTICE_SECTION_NATURE, "nature", diag));
    CX_TRY(check_section(content, content->has_impact, API_NOTICE_SECTION_IMPACT, "impact", diag));
    CX_TRY(check_section(content, content->actions_count > 0, API_NOTICE_SECTION_CONTAINMENT,
                         "containment", diag));
    CX_TRY(check_section(content, content->steps_count > 0, API_NOTICE_SECTION_NEXT_STEPS, "steps",
                         diag));
    for (size_t i = 0; i < content->steps_count; i++) {
        CX_TRY(notice_step_parse(content->steps[i], diag, &step));
        written += content->steps[i].len;
    }
    if (written > NOTICE_WRITTEN_MAX)
        return cx_refuse(diag, CX_ERR(LIMIT), "nature", "notice-length",
                         "Nature, impact and steps take at most %d octets together.",
                         NOTICE_WRITTEN_MAX);
    return CX_OK;
}

static cx_err add_line(struct cx_str line, const struct notice_value *values, size_t count,
                       struct cx_buf *out)
{
    if (out->len)
        CX_TRY(cx_buf_add_u8(out, '\n'));
    return notice_expand(line, values, count, out);
}

static struct cx_str view(const struct cx_buf *buf)
{
    return (struct cx_str){(const char *)buf->ptr, buf->len};
}

static cx_err write_certificates(const struct notice_template *template,
                                 const struct notice_facts *facts, struct cx_buf *out)
{
    char text[CX_TIME_TEXT_MAX];
    for (size_t i = 0; i < facts->certificate_count; i++) {
        const struct notice_certificate *one = &facts->certificates[i];
        CX_TRY(cx_time_format(one->not_after_us, text));
        const struct notice_value values[] = {
            {"names", one->names}, {"serial", one->serial}, {"time", cx_str_from(text)}};
        CX_TRY(add_line(template->certificate_line, values, CX_COUNT_OF(values), out));
    }
    if (facts->all_count <= (int64_t)facts->certificate_count)
        return CX_OK;
    snprintf(text, sizeof(text), "%lld",
             (long long)(facts->all_count - (int64_t)facts->certificate_count));
    const struct notice_value more = {"count", cx_str_from(text)};
    return add_line(template->more_line, &more, 1, out);
}

static cx_err action_of(const struct notice_template *template, enum api_incident_kind kind,
                        struct cx_str *ret_words)
{
    static const char *const words[] = {
#define NOTICE_ACTION_WORD(name, word) word,
        NOTICE_ACTION_LIST(NOTICE_ACTION_WORD)};
    struct cx_str name = cx_str_from(api_enum_name(&api_enum_incident_kind, (int)kind));
    for (size_t i = 0; i < NOTICE_ACTION_COUNT; i++) {
        if (!cx_str_is(name, words[i]))
            continue;
        *ret_words = template->actions[i];
        return CX_OK;
    }
    return CX_ERR(INTERNAL);
}

static cx_err write_actions(const struct notice_template *template,
                            const struct api_notice_content *content, struct cx_buf *out)
{
    if (content->actions_count == 0)
        return cx_buf_add_str(out, template->unknown);
    for (size_t i = 0; i < content->actions_count; i++) {
        char time[CX_TIME_TEXT_MAX], seq[24];
        struct cx_str action = CX_STR_NONE;
        CX_TRY(cx_time_format(content->actions[i].at, time));
        snprintf(seq, sizeof(seq), "%lld", (long long)content->actions[i].seq);
        CX_TRY(action_of(template, content->actions[i].kind, &action));
        const struct notice_value values[] = {
            {"time", cx_str_from(time)}, {"action", action}, {"seq", cx_str_from(seq)}};
        CX_TRY(add_line(template->action_line, values, CX_COUNT_OF(values), out));
    }
    return CX_OK;
}

static cx_err write_steps(const struct notice_template *template,
                          const struct api_notice_content *content, struct cx_buf *out)
{
    if (content->steps_count == 0)
        return cx_buf_add_str(out, template->unknown);
    for (size_t i = 0; i < content->steps_count; i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        struct notice_step step;
        char time[CX_TIME_TEXT_MAX];
        CX_TRY(notice_step_parse(content->steps[i], &diag, &step));
        CX_TRY(cx_time_format(step.due_us, time));
        const struct notice_value values[] = {
            {"time", cx_str_from(time)}, {"step", step.text}, {"owner", step.owner}};
        CX_TRY(add_line(template->step_line, values, CX_COUNT_OF(values), out));
    }
    return CX_OK;
}

/* Nothing when there is no such time. */
static cx_err write_time(struct cx_str text, bool has, cx_time at_us, struct cx_buf *out)
{
    char time[CX_TIME_TEXT_MAX];
    if (!has)
        return CX_OK;
    CX_TRY(cx_time_format(at_us, time));
    const struct notice_value value = {"time", cx_str_from(time)};
    return notice_expand(text, &value, 1, out);
}

cx_err notice_subject(const struct notice_template *template, const struct notice_facts *facts,
                      struct cx_buf *out)
{
    char count[24];
    snprintf(count, sizeof(count), "%lld", (long long)facts->all_count);
    const struct notice_value values[] = {
        {"incident", facts->incident}, {"tenant", facts->tenant}, {"count", cx_str_from(count)}};
    return notice_expand(template->subject, values, CX_COUNT_OF(values), out);
}

cx_err notice_body(const struct notice_template *template, const struct notice_facts *facts,
                   struct cx_buf *out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf certificates = CX_BUF_INIT(LINES_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf actions = CX_BUF_INIT(LINES_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf steps = CX_BUF_INIT(LINES_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf act_by = CX_BUF_INIT(LINES_MAX);
    CX_CLEANUP(cx_buf_clear) struct cx_buf update = CX_BUF_INIT(LINES_MAX);
    const struct api_notice_content *content = facts->content;
    char count[24];
    snprintf(count, sizeof(count), "%lld", (long long)facts->all_count);
    CX_TRY(write_certificates(template, facts, &certificates));
    CX_TRY(write_actions(template, content, &actions));
    CX_TRY(write_steps(template, content, &steps));
    CX_TRY(write_time(template->act_by_text, facts->has_act_by, facts->act_by_us, &act_by));
    CX_TRY(write_time(template->update_text, facts->has_update, facts->update_us, &update));
    const struct notice_value values[] = {
        {"incident", facts->incident},
        {"tenant", facts->tenant},
        {"count", cx_str_from(count)},
        {"act_by", view(&act_by)},
        {"nature", content->has_nature ? content->nature : template->unknown},
        {"impact", content->has_impact ? content->impact : template->unknown},
        {"certificates", view(&certificates)},
        {"containment", view(&actions)},
        {"steps", view(&steps)},
        {"update", view(&update)},
        {"link", facts->link}};
    return notice_expand(template->body, values, CX_COUNT_OF(values), out);
}

/* RFC 2047 §2: encoded words of at most 75 characters, none of which splits a character. */
static cx_err add_subject(struct cx_str subject, struct cx_buf *out)
{
    CX_TRY(cx_buf_add_str(out, CX_STR("Subject:")));
    for (size_t at = 0; at < subject.len;) {
        size_t len = subject.len - at < WORD_OCTETS ? subject.len - at : WORD_OCTETS;
        while (at + len < subject.len && ((uint8_t)subject.ptr[at + len] & 0xc0) == 0x80)
            len--;
        CX_TRY(cx_buf_add_str(out, CX_STR(" =?UTF-8?B?")));
        CX_TRY(base64_encode(CX_BYTES(subject.ptr + at, len), out));
        CX_TRY(cx_buf_add_str(out, CX_STR("?=\r\n")));
        at += len;
    }
    return CX_OK;
}

static cx_err add_date(cx_time at_us, struct cx_buf *out)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(at_us / CX_US_PER_S);
    struct tm tm;
    if (!gmtime_r(&seconds, &tm))
        return CX_ERR(INTERNAL);
    return cx_buf_addf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday],
                       tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                       tm.tm_sec);
}

static cx_err add_body(struct cx_str body, struct cx_buf *out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(NOTICE_MAIL_MAX);
    CX_TRY(base64_encode(cx_str_bytes(body), &text));
    for (size_t at = 0; at < text.len; at += MAIL_LINE) {
        size_t len = text.len - at < MAIL_LINE ? text.len - at : MAIL_LINE;
        CX_TRY(cx_buf_add(out, CX_BYTES(text.ptr + at, len)));
        CX_TRY(cx_buf_add_str(out, CX_STR("\r\n")));
    }
    return CX_OK;
}

cx_err notice_letter_write(const struct notice_letter *letter, struct cx_buf *out)
{
    struct cx_str from = letter->from;
    const char *at = from.len ? memchr(from.ptr, '@', from.len) : NULL;
    if (!at)
        return CX_ERR(USAGE);
    struct cx_str domain = {at + 1, from.len - (size_t)(at - from.ptr) - 1};
    CX_TRY(cx_buf_addf(out, "From: <%.*s>\r\nTo: <%.*s>\r\n", CX_STR_ARG(from),
                       CX_STR_ARG(letter->to)));
    CX_TRY(add_subject(letter->subject, out));
    CX_TRY(add_date(letter->at_us, out));
    CX_TRY(cx_buf_addf(out, "Message-ID: <%.*s@%.*s>\r\n", CX_STR_ARG(letter->delivery),
                       CX_STR_ARG(domain)));
    if (letter->reply_to_id.len)
        CX_TRY(cx_buf_addf(out, "In-Reply-To: <%.*s>\r\n", CX_STR_ARG(letter->reply_to_id)));
    /* RFC 3834 §5: nobody's holiday answers to it. base64: the text arrives octet by octet as it was approved. */
    CX_TRY(cx_buf_addf(out, "Auto-Submitted: %s\r\n",
                       letter->reply_to_id.len ? "auto-replied" : "auto-generated"));
    CX_TRY(cx_buf_add_str(out, CX_STR("MIME-Version: 1.0\r\n"
                                      "Content-Type: text/plain; charset=utf-8\r\n"
                                      "Content-Transfer-Encoding: base64\r\n\r\n")));
    return add_body(letter->body, out);
}

cx_err notice_sign(struct cx_bytes key, cx_time now_us, struct cx_bytes body,
                   char ret_signature[static NOTICE_SIGNATURE_MAX])
{
    uint8_t mac[CRYPTO_SHA256_LEN];
    char head[24];
    long long seconds = (long long)(now_us / CX_US_PER_S);
    int head_len = snprintf(head, sizeof(head), "%lld.", seconds);
    const struct cx_bytes pieces[] = {CX_BYTES(head, (size_t)head_len), body};
    CX_TRY(crypto_hmac_sha256(key, pieces, 2, mac));
    int len = snprintf(ret_signature, NOTICE_SIGNATURE_MAX, "t=%lld,v1=", seconds);
    for (size_t i = 0; i < sizeof(mac); i++)
        len += snprintf(ret_signature + len, NOTICE_SIGNATURE_MAX - (size_t)len, "%02x", mac[i]);
    return CX_OK;
}
