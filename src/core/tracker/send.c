/*
 * Sending approved posts. Between the claim and the result lies the network, so a death there, or an answer that never came,
 * leaves nobody knowing whether it was posted. Every attempt therefore looks first for what an earlier one may have left: a bug by
 * its alias and by its reference, a comment by its reference, an attachment by its name. The alias is unique at the tracker, so
 * that even a request that comes through after we gave it up files nothing twice.
 *
 * A restricted bug is read before every post: unless it carries its security group, nothing is posted, and an alert opens.
 */
#include "base/cleanup.h"
#include "base/fault.h"
#include "codec/http.h"
#include "core/api/contract.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"
#include "core/incident/posting.h"
#include "core/notify/text.h"
#include "core/tracker/bugzilla.h"
#include "core/tracker/content.h"
#include "core/tracker/tracker_store.h"
#include "core/tracker/worker.h"

enum {
    SEND_ARENA_MAX = 64 * 1024 * 1024,
    LEASE_S = 300, /* longer than every request of an attempt together */
    BACKOFF_FIRST_S = 60,
    BACKOFF_MOST_S = 3600,
    PASS_MOST = 20, /* posts before other tenants have their turn */
    MAIL_TIMEOUT_MS = 15000,
    ANSWERS_MAX = 50,
};
#define DAY_US (INT64_C(86400) * CX_US_PER_S)

enum outcome { OUTCOME_DONE, OUTCOME_LATER, OUTCOME_FAILED, OUTCOME_HALTED };

struct sending {
    struct core *core;
    struct cx_id tenant_id;
    struct arena *arena;
    cx_time now_us;
    struct row_tracker_post post;
    struct row_tracker tracker;
    struct row_tracker_bug bug;
    struct publication publication;
    bool has_tracker, has_bug;
    struct content content;
    struct cx_bytes attachment;
    struct tracker_line line;
    struct tracker_answer answer;
    enum outcome outcome;
    int64_t remote;
    bool restricted;
    struct posting posting;
    struct row_incident_entry entries[ANSWERS_MAX];
    size_t entry_count;
};

static bool is_kind(const struct sending *s, enum api_tracker_post_kind kind)
{
    return cx_str_is(s->post.kind, api_enum_name(&api_enum_tracker_post_kind, (int)kind));
}

/* ---- take ---- */

static cx_err claim(struct store_tx *tx, void *arg)
{
    struct sending *s = arg;
    CX_TRY(tracker_post_due(tx, s->tenant_id, s->now_us, &s->post.post_id));
    return tracker_post_claim(tx, s->tenant_id, s->post.post_id, s->post.claim_id, s->now_us,
                              s->now_us + LEASE_S * CX_US_PER_S);
}

static cx_err look_for_due(struct store_tx *tx, void *arg)
{
    struct sending *s = arg;
    struct cx_id post_id;
    return tracker_post_due(tx, s->tenant_id, s->now_us, &post_id);
}

static cx_err found(cx_err err, bool *ret_found)
{
    *ret_found = cx_is_ok(err);
    return err.code == CX_E_NOTFOUND ? CX_OK : err;
}

static cx_err read_claimed(struct store_tx *tx, void *arg)
{
    struct sending *s = arg;
    struct cx_id none = {{0}};
    CX_TRY(tracker_post_find(tx, s->tenant_id, none, s->post.post_id, s->arena, &s->post));
    CX_TRY(found(tracker_find(tx, s->tenant_id, s->arena, &s->tracker), &s->has_tracker));
    CX_TRY(found(tracker_bug_find(tx, s->tenant_id, s->post.incident_id, s->arena, &s->bug),
                 &s->has_bug));
    if (!s->post.has_publication_id)
        return CX_OK;
    return publication_find(tx, s->tenant_id, s->post.incident_id, s->post.publication_id, s->arena,
                            &s->publication);
}

static cx_err open_content(struct sending *s)
{
    struct cx_str json = CX_STR_NONE;
    struct field_place content = {s->tenant_id, "tracker_post", "content", s->post.post_id};
    struct field_place attachment = {s->tenant_id, "tracker_post", "attachment", s->post.post_id};
    CX_TRY(field_open_text(s->core, content, s->post.content, s->arena, &json));
    if (s->post.has_attachment)
        CX_TRY(field_open(s->core, attachment, s->post.attachment, s->arena, &s->attachment));
    s->restricted = s->post.restricted == 1;
    return content_read(json, s->attachment, s->arena, &s->content);
}

/* ---- what came of a request ---- */

static void settle(struct sending *s, enum outcome outcome)
{
    s->outcome = outcome;
}

/* A request that only reads: whatever goes wrong, nothing was done. */
static bool was_read(struct sending *s)
{
    if (s->answer.verdict == TRACKER_DONE)
        return true;
    settle(s, OUTCOME_LATER);
    return false;
}

/* The answer to a request that makes something: its number, or what to do next. */
static cx_err take_made(struct sending *s)
{
    struct cx_diag diag = CX_DIAG_INIT;
    if (s->answer.verdict == TRACKER_DONE) {
        cx_err err = bugzilla_made_parse(cx_buf_view(&s->answer.body), &diag, &s->remote);
        if (err.code == CX_E_NOMEM)
            return err;
        if (cx_failed(err))
            tracker_answer_garbled(&s->answer, &diag);
    }
    settle(s, s->answer.verdict == TRACKER_DONE    ? OUTCOME_DONE
              : s->answer.verdict == TRACKER_LATER ? OUTCOME_LATER
                                                   : OUTCOME_FAILED);
    return CX_OK;
}

static cx_err send_content(struct sending *s)
{
    bool put = cx_str_is(s->content.method, "PUT");
    CX_TRY(tracker_ask(&s->line, put ? OUTBOUND_TRACKER_PUT : OUTBOUND_TRACKER_POST, s->content.url,
                       cx_str_bytes(s->content.body), &s->answer));
    return take_made(s);
}

/* ---- what an earlier attempt left ---- */

static cx_err since(const struct sending *s, char ret_text[static CX_TIME_TEXT_MAX])
{
    /* A day earlier than the approval: the tracker's clock is another one. */
    CX_TRY(cx_time_format(s->post.approved_us - DAY_US, ret_text));
    memcpy(ret_text + 19, "Z", 2);
    return CX_OK;
}

/* The comment of the bug that has our reference; 0: none. answer says when nobody knows. */
static cx_err find_comment(struct sending *s, int64_t bug, bool all, int64_t *ret_remote)
{
    struct cx_str path = CX_STR_NONE, marker = CX_STR_NONE;
    struct cx_diag diag = CX_DIAG_INIT;
    struct bugzilla_comment *comments = NULL;
    char from[CX_TIME_TEXT_MAX];
    size_t count = 0;
    *ret_remote = 0;
    CX_TRY(since(s, from));
    CX_TRY(content_marker(s->post.post_id, s->arena, &marker));
    CX_TRY(arena_printf(s->arena, &path,
                        all ? "/bug/%lld/comment" : "/bug/%lld/comment?new_since=%s",
                        (long long)bug, from));
    CX_TRY(tracker_ask(&s->line, OUTBOUND_TRACKER_GET, path, CX_BYTES_NONE, &s->answer));
    if (!was_read(s))
        return CX_OK;
    cx_err err = bugzilla_comments_parse(cx_buf_view(&s->answer.body), bug, s->arena, &diag,
                                         &comments, &count);
    if (err.code == CX_E_NOMEM)
        return err;
    if (cx_failed(err)) {
        tracker_answer_garbled(&s->answer, &diag);
        settle(s, OUTCOME_LATER);
        return CX_OK;
    }
    for (size_t i = 0; i < count; i++)
        if (content_ends_in(comments[i].text, marker))
            *ret_remote = comments[i].remote;
    return CX_OK;
}

static cx_err find_attachment(struct sending *s, int64_t *ret_remote)
{
    struct cx_str path = CX_STR_NONE, name = CX_STR_NONE;
    struct cx_diag diag = CX_DIAG_INIT;
    *ret_remote = 0;
    CX_TRY(content_file_name(s->post.post_id, s->arena, &name));
    CX_TRY(arena_printf(s->arena, &path, "/bug/%lld/attachment?exclude_fields=data",
                        (long long)s->bug.number));
    CX_TRY(tracker_ask(&s->line, OUTBOUND_TRACKER_GET, path, CX_BYTES_NONE, &s->answer));
    if (!was_read(s))
        return CX_OK;
    cx_err err = bugzilla_attachment_find(cx_buf_view(&s->answer.body), s->bug.number, name, &diag,
                                          ret_remote);
    if (cx_is_ok(err) || err.code == CX_E_NOTFOUND || err.code == CX_E_NOMEM)
        return err.code == CX_E_NOTFOUND ? CX_OK : err;
    tracker_answer_garbled(&s->answer, &diag);
    settle(s, OUTCOME_LATER);
    return CX_OK;
}

/* Bugs that a query finds; NULL when nobody knows. */
static cx_err search_bugs(struct sending *s, struct cx_str path, struct bugzilla_bug **ret_bugs,
                          size_t *ret_count)
{
    struct cx_diag diag = CX_DIAG_INIT;
    struct bugzilla_bug *bugs = NULL;
    *ret_bugs = NULL;
    CX_TRY(tracker_ask(&s->line, OUTBOUND_TRACKER_GET, path, CX_BYTES_NONE, &s->answer));
    if (!was_read(s))
        return CX_OK;
    CX_TRY(ARENA_NEW_ARRAY(s->arena, BUGZILLA_BUGS_MAX, &bugs));
    cx_err err =
        bugzilla_bugs_parse(cx_buf_view(&s->answer.body), s->arena, &diag, bugs, ret_count);
    if (cx_is_ok(err))
        *ret_bugs = bugs;
    else if (err.code == CX_E_NOMEM)
        return err;
    else {
        tracker_answer_garbled(&s->answer, &diag);
        settle(s, OUTCOME_LATER);
    }
    return CX_OK;
}

/* By alias; a tracker that grants our account none is asked for the bugs of our account that have our reference. */
static cx_err find_bug(struct sending *s, int64_t *ret_number, bool *ret_known)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf login = CX_BUF_INIT(1024);
    struct cx_str path = CX_STR_NONE;
    struct bugzilla_bug *bugs = NULL;
    char alias[CX_ID_TEXT_MAX], from[CX_TIME_TEXT_MAX];
    size_t count = 0;
    *ret_known = false;
    *ret_number = 0;
    cx_id_format(CX_ID_INCIDENT, s->post.incident_id, alias);
    CX_TRY(arena_printf(s->arena, &path, "/bug?alias=%s&include_fields=id,alias", alias));
    CX_TRY(search_bugs(s, path, &bugs, &count));
    for (size_t i = 0; bugs && i < count && *ret_number == 0; i++)
        for (size_t k = 0; k < bugs[i].alias_count; k++)
            if (cx_str_is(bugs[i].aliases[k], alias))
                *ret_number = bugs[i].number;
    *ret_known = bugs != NULL;
    if (!bugs || *ret_number)
        return CX_OK;
    CX_TRY(since(s, from));
    CX_TRY(http_percent_encode(s->line.login, &login));
    CX_TRY(arena_printf(s->arena, &path,
                        "/bug?creator=%.*s&creation_time=%s&include_fields=id,alias",
                        (int)login.len, (const char *)login.ptr, from));
    CX_TRY(search_bugs(s, path, &bugs, &count));
    *ret_known = bugs != NULL;
    for (size_t i = 0; bugs && i < count && *ret_number == 0; i++) {
        int64_t remote = 0;
        CX_TRY(find_comment(s, bugs[i].number, true, &remote));
        *ret_known = s->answer.verdict == TRACKER_DONE;
        if (!*ret_known)
            return CX_OK;
        *ret_number = remote ? bugs[i].number : 0;
    }
    return CX_OK;
}

/* ---- the restricted path ---- */

/* Fails closed: unless the tracker itself says that the bug carries the group, it counts as open. */
static cx_err confirm_restricted(struct sending *s, int64_t number)
{
    struct bugzilla_bug bug = {.number = 0};
    CX_TRY(tracker_read_bug(&s->line, number, &bug, &s->answer));
    if (s->answer.verdict == TRACKER_DONE && bugzilla_bug_has_group(&bug, s->tracker.secure_group))
        return CX_OK;
    if (s->answer.verdict == TRACKER_DONE) {
        snprintf(s->answer.text, sizeof(s->answer.text),
                 "bug %lld does not carry its security group", (long long)number);
        settle(s, OUTCOME_HALTED);
    } else {
        settle(s, OUTCOME_LATER);
    }
    return tracker_raise_open(s->core, s->arena, s->tenant_id, s->post.incident_id,
                              cx_str_from(s->answer.text));
}

/* ---- the kinds ---- */

static cx_err send_file(struct sending *s)
{
    bool known = false;
    CX_TRY(find_bug(s, &s->remote, &known));
    if (!known)
        return CX_OK;
    settle(s, OUTCOME_DONE);
    if (s->remote == 0) {
        cx_fault_point("tracker-before-file");
        CX_TRY(send_content(s));
        cx_fault_point("tracker-after-file");
    }
    return s->outcome == OUTCOME_DONE && s->restricted ? confirm_restricted(s, s->remote) : CX_OK;
}

static cx_err send_to_bug(struct sending *s)
{
    s->restricted = s->bug.restricted == 1;
    settle(s, OUTCOME_DONE);
    if (s->restricted)
        CX_TRY(confirm_restricted(s, s->bug.number));
    if (s->outcome != OUTCOME_DONE)
        return CX_OK;
    if (is_kind(s, API_TRACKER_POST_KIND_ATTACHMENT))
        CX_TRY(find_attachment(s, &s->remote));
    else
        CX_TRY(find_comment(s, s->bug.number, false, &s->remote));
    if (s->outcome != OUTCOME_DONE || s->remote)
        return CX_OK;
    cx_fault_point("tracker-before-post");
    CX_TRY(send_content(s));
    cx_fault_point("tracker-after-post");
    return CX_OK;
}

static cx_err send_mail(struct sending *s)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf message = CX_BUF_INIT(NOTICE_MAIL_MAX);
    struct outbound_letter letter = {.id = s->post.post_id};
    struct outbound_letter_result result = {.outcome = OUTBOUND_LETTER_AWAY};
    struct cx_diag diag = CX_DIAG_INIT;
    struct notice_letter notice = {.from = s->core->options.smtp_from,
                                   .subject = s->content.summary,
                                   .body = s->content.text,
                                   .at_us = s->post.approved_us};
    snprintf(s->answer.text, sizeof(s->answer.text), "no mail relay is configured");
    settle(s, OUTCOME_LATER);
    if (notice.from.len == 0)
        return CX_OK;
    CX_TRY(field_id_text(s->arena, CX_ID_TRACKER_POST, s->post.post_id, &notice.delivery));
    notice.to = (struct cx_str){s->content.url.ptr + strlen("mailto:"),
                                s->content.url.len - strlen("mailto:")};
    CX_TRY(notice_letter_write(&notice, &message));
    letter.address = notice.to;
    letter.message = cx_buf_view(&message);
    cx_err err = outbound_mail(s->core->outbound, &letter, 1, MAIL_TIMEOUT_MS, &diag, &result);
    snprintf(s->answer.text, sizeof(s->answer.text), "%s",
             cx_is_ok(err) ? result.reply : "the outbound process gave no answer");
    if (cx_is_ok(err) && result.outcome == OUTBOUND_LETTER_SENT)
        settle(s, OUTCOME_DONE);
    if (cx_is_ok(err) && result.outcome == OUTBOUND_LETTER_REFUSED)
        settle(s, OUTCOME_FAILED);
    return CX_OK;
}

static cx_err send(struct sending *s)
{
    settle(s, OUTCOME_LATER);
    CX_TRY(open_content(s));
    if (is_kind(s, API_TRACKER_POST_KIND_MAIL))
        return send_mail(s);
    snprintf(s->answer.text, sizeof(s->answer.text), "the tracker is disabled");
    if (!s->has_tracker || !cx_str_is(s->tracker.state, "active"))
        return CX_OK;
    /* What was approved goes where it was approved for, or nowhere. */
    snprintf(s->answer.text, sizeof(s->answer.text), "the tracker is another one now");
    settle(s, OUTCOME_FAILED);
    if (!cx_str_starts(s->content.url, s->tracker.base_url))
        return CX_OK;
    CX_TRY(tracker_line_open(s->core, s->arena, &s->tracker, &s->line));
    cx_err err = is_kind(s, API_TRACKER_POST_KIND_FILE) ? send_file(s) : send_to_bug(s);
    tracker_line_close(&s->line);
    return err;
}

/* ---- write down ---- */

static cx_err prepare_answers(struct sending *s)
{
    const char *at = s->post.answers.ptr, *end = at + s->post.answers.len;
    while (at < end && s->entry_count < ANSWERS_MAX) {
        const char *stop = memchr(at, ' ', (size_t)(end - at));
        size_t len = (size_t)((stop ? stop : end) - at);
        struct entry_draft draft = {.tenant_id = s->tenant_id,
                                    .incident_id = s->post.incident_id,
                                    .kind = KIND_COMMENT_ANSWERED,
                                    .at_us = s->now_us,
                                    .now_us = s->now_us,
                                    .proof = s->posting.url};
        CX_TRY(arena_printf(s->arena, &draft.subject, "comment-%.*s", (int)len, at));
        CX_TRY(incident_entry_prepare(s->core, s->arena, &draft, &s->entries[s->entry_count++]));
        at += len + 1;
    }
    return CX_OK;
}

/* "https://…/show_bug.cgi?id=N#cM" is the tracker's affair: the address in its API is what we know for sure. */
static cx_err prepare_done(struct sending *s)
{
    bool file = is_kind(s, API_TRACKER_POST_KIND_FILE);
    s->posting = (struct posting){.core = s->core,
                                  .arena = s->arena,
                                  .tenant_id = s->tenant_id,
                                  .incident_id = s->post.incident_id,
                                  .publication_id = s->post.publication_id,
                                  .url = s->content.url,
                                  .at_us = s->now_us,
                                  .now_us = s->now_us};
    if (!is_kind(s, API_TRACKER_POST_KIND_MAIL))
        CX_TRY(arena_printf(s->arena, &s->posting.url, "%.*s/bug/%lld",
                            CX_STR_ARG(s->tracker.base_url),
                            (long long)(file ? s->remote : s->bug.number)));
    CX_TRY(prepare_answers(s));
    if (!s->post.has_publication_id)
        return CX_OK;
    s->posting.kind = posting_kind(s->publication.form, s->restricted);
    return posting_prepare(&s->posting);
}

static cx_err write_bug(struct store_tx *tx, const struct sending *s)
{
    const struct row_tracker_bug row = {.tenant_id = s->tenant_id,
                                        .incident_id = s->post.incident_id,
                                        .number = s->remote,
                                        .restricted = s->restricted,
                                        .has_halted_us = s->outcome == OUTCOME_HALTED,
                                        .halted_us = s->now_us,
                                        .opened_us = s->now_us,
                                        .status = CX_STR(""),
                                        .resolution = CX_STR(""),
                                        .fault = CX_STR(""),
                                        .comment_us = s->post.approved_us - DAY_US,
                                        .poll_due_us = s->now_us};
    return row_tracker_bug_insert(tx, &row);
}

static cx_err write_done(struct store_tx *tx, struct sending *s)
{
    for (size_t i = 0; i < s->entry_count; i++)
        CX_TRY(incident_append(tx, &s->entries[i]));
    if (!s->post.has_publication_id)
        return CX_OK;
    cx_err err = posting_write(tx, &s->posting);
    /* People said that they posted it, or the same text went by mail before: it stands where they said. */
    return err.code == CX_E_CONFLICT ? CX_OK : err;
}

static cx_err write_outcome(struct store_tx *tx, void *arg)
{
    struct sending *s = arg;
    bool file = is_kind(s, API_TRACKER_POST_KIND_FILE);
    CX_TRY(tracker_post_settle(tx, &s->post));
    if (file && (s->outcome == OUTCOME_DONE || s->outcome == OUTCOME_HALTED))
        CX_TRY(write_bug(tx, s));
    if (!file && s->outcome == OUTCOME_HALTED)
        CX_TRY(tracker_bug_set_halted(tx, s->tenant_id, s->post.incident_id, true, s->now_us));
    return s->outcome == OUTCOME_DONE ? write_done(tx, s) : CX_OK;
}

static int64_t backoff_us(int64_t attempt_count)
{
    int64_t seconds = BACKOFF_FIRST_S;
    for (int64_t i = 1; i < attempt_count && seconds < BACKOFF_MOST_S; i++)
        seconds *= 2;
    return (seconds < BACKOFF_MOST_S ? seconds : BACKOFF_MOST_S) * CX_US_PER_S;
}

static cx_err prepare_outcome(struct sending *s)
{
    struct field_place place = {s->tenant_id, "tracker_post", "answer", s->post.post_id};
    bool file = is_kind(s, API_TRACKER_POST_KIND_FILE);
    /* A post to a bug that was halted waits: it may go once people have looked. */
    static const char *const STATES[] = {[OUTCOME_DONE] = "done",
                                         [OUTCOME_LATER] = "waiting",
                                         [OUTCOME_FAILED] = "failed",
                                         [OUTCOME_HALTED] = "waiting"};
    s->now_us = cx_now(s->core->clock);
    s->post.state =
        file && s->outcome == OUTCOME_HALTED ? CX_STR("halted") : cx_str_from(STATES[s->outcome]);
    s->post.due_us = s->now_us + backoff_us(s->post.attempt_count);
    s->post.has_remote = s->remote != 0;
    s->post.remote = s->remote;
    s->post.has_done_us = s->outcome == OUTCOME_DONE || s->outcome == OUTCOME_FAILED;
    s->post.done_us = s->now_us;
    s->post.has_answer = s->answer.text[0] != '\0';
    if (s->post.has_answer)
        CX_TRY(field_seal_text(s->core, place, cx_str_from(s->answer.text), s->arena,
                               &s->post.answer));
    return s->outcome == OUTCOME_DONE ? prepare_done(s) : CX_OK;
}

static cx_err record(struct sending *s)
{
    static const char *const WORDS[] = {[OUTCOME_DONE] = "done",
                                        [OUTCOME_LATER] = "later",
                                        [OUTCOME_FAILED] = "failed",
                                        [OUTCOME_HALTED] = "halted"};
    struct cx_str post = CX_STR_NONE;
    CX_TRY(prepare_outcome(s));
    CX_TRY(field_id_text(s->arena, CX_ID_TRACKER_POST, s->post.post_id, &post));
    const struct field_detail details[] = {
        {"post", post}, {"kind", s->post.kind}, {"outcome", cx_str_from(WORDS[s->outcome])}};
    struct audit_event event = {.action = "system.tracker.send",
                                .tenant_id = s->tenant_id,
                                .object_type = CX_ID_INCIDENT,
                                .object_id = s->post.incident_id};
    CX_TRY(field_details(s->arena, details, 3, &event.details));
    cx_err err = audit_commit(s->core, &event, write_outcome, s);
    return err.code == CX_E_CONFLICT ? CX_OK : err; /* the claim was lost: another writes it down */
}

static cx_err send_next(struct core *core, struct cx_id tenant_id, bool *ret_more)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(SEND_ARENA_MAX);
    struct sending *s = NULL;
    CX_TRY(ARENA_NEW(&arena, &s));
    *s = (struct sending){
        .core = core, .tenant_id = tenant_id, .arena = &arena, .now_us = cx_now(core->clock)};
    s->answer.body = CX_BUF_INIT(0);
    *ret_more = false;
    cx_err err = store_read(core->store, look_for_due, s);
    if (err.code == CX_E_NOTFOUND)
        return CX_OK;
    CX_TRY(err);
    CX_TRY(cx_id_new(core->rng, &s->post.claim_id));
    /* A lease on a post that is there already; what comes of it has its entry. */
    err = store_write(core->store, claim, s);
    if (err.code == CX_E_NOTFOUND || err.code == CX_E_CONFLICT)
        return CX_OK;
    CX_TRY(err);
    CX_TRY(store_read(core->store, read_claimed, s));
    err = send(s);
    cx_buf_clear(&s->answer.body);
    CX_TRY(err);
    *ret_more = true;
    return record(s);
}

cx_err tracker_send_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread)
{
    bool more = true;
    for (int i = 0; more && i < PASS_MOST && !os_worker_stopping(thread); i++)
        CX_TRY(send_next(core, tenant_id, &more));
    return CX_OK;
}
