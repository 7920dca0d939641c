/*
 * Posts: what is to be said is written down exactly, read and approved by somebody else than its author, and then sent by the
 * worker (send.c). Nothing goes out on one person's word.
 */
#include "api_routes.h"
#include "base/cleanup.h"
#include "codec/json_write.h"
#include "core/field.h"
#include "core/incident/certificate_list.h"
#include "core/incident/gate.h"
#include "core/tracker/ask.h"
#include "core/tracker/bugzilla.h"
#include "core/tracker/content.h"
#include "core/tracker/tracker_store.h"
#include "crypto/hash.h"

enum { ANSWERS_MAX = 512, MAIL_LIST_MAX = 40000 /* what a mail holds beside its text */ };

/* ---- views ---- */

static cx_err open_content(struct api_request *request, const struct row_tracker_post *row,
                           struct cx_str *ret_json, struct content *ret_content)
{
    struct field_place place = {row->tenant_id, "tracker_post", "content", row->post_id};
    CX_TRY(field_open_text(request->core, place, row->content, request->arena, ret_json));
    return content_read(*ret_json, CX_BYTES_NONE, request->arena, ret_content);
}

/* whole: with what is sent; lists leave that out, since it is long. */
static cx_err view_of(struct api_request *request, const struct row_tracker_post *row, bool whole,
                      struct api_tracker_post_view *ret_view)
{
    int kind = 0, state = 0;
    struct content content;
    struct cx_str json = CX_STR_NONE;
    struct api_tracker_post_view view = {.id = row->post_id,
                                         .has_publication_id = row->has_publication_id,
                                         .publication_id = row->publication_id,
                                         .restricted = row->restricted == 1,
                                         .author_id = row->author_id,
                                         .created = row->created_us,
                                         .has_approver_id = row->has_approver_id,
                                         .approver_id = row->approver_id,
                                         .has_approved = row->has_approved_us,
                                         .approved = row->approved_us,
                                         .attempts = row->attempt_count,
                                         .has_answer = row->has_answer,
                                         .has_number = row->has_remote,
                                         .number = row->remote,
                                         .has_done = row->has_done_us,
                                         .done = row->done_us};
    CX_TRY(api_enum_value(&api_enum_tracker_post_kind, row->kind, &kind));
    CX_TRY(api_enum_value(&api_enum_tracker_post_state, row->state, &state));
    view.kind = (enum api_tracker_post_kind)kind;
    view.state = (enum api_tracker_post_state)state;
    CX_TRY(open_content(request, row, &json, &content));
    view.target = content.url;
    view.has_text = view.has_content = whole;
    view.text = content.text;
    view.content = json;
    CX_TRY(page_hex_write(request->arena, row->sha256, &view.sha256));
    struct field_place answer = {row->tenant_id, "tracker_post", "answer", row->post_id};
    if (row->has_answer)
        CX_TRY(field_open_text(request->core, answer, row->answer, request->arena, &view.answer));
    *ret_view = view;
    return CX_OK;
}

struct reading {
    struct api_request *request;
    struct cx_id incident_id, post_id;
    struct row_tracker tracker;
    struct row_tracker_bug bug;
    struct row_tracker_post post, *posts;
    size_t count;
    bool has_tracker, has_bug, has_publication;
    struct publication publication;
    struct cx_id publication_id;
    int64_t last_list;
};

static cx_err refuse_unknown_post(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "post_id", "tracker-post-unknown",
                     "The incident has no such post.");
}

static cx_err find_post(struct store_tx *tx, void *arg)
{
    struct reading *r = arg;
    return tracker_post_find(tx, r->request->principal.tenant_id, r->incident_id, r->post_id,
                             r->request->arena, &r->post);
}

static cx_err load_post(struct reading *r)
{
    cx_err err = store_read(r->request->core->store, find_post, r);
    return err.code == CX_E_NOTFOUND ? refuse_unknown_post(r->request->diag) : err;
}

static cx_err show(struct api_request *request, struct cx_id incident_id, struct cx_id post_id,
                   struct api_tracker_post_view *ret_view)
{
    struct reading r = {.request = request, .incident_id = incident_id, .post_id = post_id};
    CX_TRY(load_post(&r));
    return view_of(request, &r.post, true, ret_view);
}

cx_err handle_tracker_post_get(struct api_request *request,
                               const struct api_tracker_post_get_in *in,
                               struct api_tracker_post_get_out *ret_out)
{
    return show(request, in->incident_id, in->post_id, &ret_out->body);
}

static cx_err read_posts(struct store_tx *tx, void *arg)
{
    struct reading *r = arg;
    struct incident_row incident;
    struct cx_id tenant_id = r->request->principal.tenant_id;
    cx_err err = incident_find(tx, tenant_id, r->incident_id, r->request->arena, &incident);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(r->request->diag, err, "incident_id", "incident-unknown",
                         "There is no such incident.");
    CX_TRY(err);
    return tracker_post_list(tx, tenant_id, r->incident_id, r->request->arena, r->posts, &r->count);
}

cx_err handle_tracker_post_list(struct api_request *request,
                                const struct api_tracker_post_list_in *in,
                                struct api_tracker_post_list_out *ret_out)
{
    struct reading r = {.request = request, .incident_id = in->incident_id};
    struct api_tracker_post_view *items = NULL;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, TRACKER_POSTS_MAX, &r.posts));
    CX_TRY(store_read(request->core->store, read_posts, &r));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, r.count, &items));
    for (size_t i = 0; i < r.count; i++)
        CX_TRY(view_of(request, &r.posts[i], false, &items[i]));
    ret_out->body = (struct api_tracker_post_list){.items = items, .items_count = r.count};
    return CX_OK;
}

/* ---- making one ---- */

struct making {
    struct reading r;
    const struct api_tracker_post_create_in *in;
    struct account *account;
    struct content_draft draft;
    struct row_tracker_post row;
};

static cx_err found(cx_err err, bool *ret_found)
{
    *ret_found = cx_is_ok(err);
    return err.code == CX_E_NOTFOUND ? CX_OK : err;
}

static cx_err read_context(struct store_tx *tx, void *arg)
{
    struct reading *r = arg;
    struct cx_id tenant_id = r->request->principal.tenant_id;
    struct arena *arena = r->request->arena;
    CX_TRY(found(tracker_find(tx, tenant_id, arena, &r->tracker), &r->has_tracker));
    CX_TRY(found(tracker_bug_find(tx, tenant_id, r->incident_id, arena, &r->bug), &r->has_bug));
    CX_TRY(tracker_post_last_list(tx, tenant_id, r->incident_id, &r->last_list));
    if (!r->has_publication)
        return CX_OK;
    cx_err err =
        publication_find(tx, tenant_id, r->incident_id, r->publication_id, arena, &r->publication);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(r->request->diag, err, "publication_id", "publication-unknown",
                         "The incident has no such publication.");
    return err;
}

static bool is_form_of(enum api_tracker_post_kind kind, enum api_publication_form form,
                       bool restricted)
{
    bool report = form == API_PUBLICATION_FORM_PRELIMINARY || form == API_PUBLICATION_FORM_FULL;
    switch (kind) {
    case API_TRACKER_POST_KIND_FILE:
        return report;
    case API_TRACKER_POST_KIND_COMMENT:
        return report || form == API_PUBLICATION_FORM_UPDATE;
    case API_TRACKER_POST_KIND_CLOSURE:
        return form == API_PUBLICATION_FORM_CLOSURE;
    case API_TRACKER_POST_KIND_MAIL:
        return form >= API_PUBLICATION_FORM_MICROSOFT_INITIAL || (report && restricted);
    default:
        return false;
    }
}

/* Which members belong to which kind. */
static cx_err check_members(const struct making *m)
{
    const struct api_tracker_post_create_in *in = m->in;
    struct cx_diag *diag = m->r.request->diag;
    bool answers = in->kind == API_TRACKER_POST_KIND_ANSWER;
    bool list = in->kind == API_TRACKER_POST_KIND_ATTACHMENT;
    if (in->has_publication_id == (answers || list))
        return cx_refuse(diag, CX_ERR(POLICY), "publication_id", "tracker-post-publication",
                         "An answer and the list of certificates have none; all else is a "
                         "publication's text.");
    if (in->has_text != answers)
        return cx_refuse(diag, CX_ERR(POLICY), "text", "tracker-post-text",
                         "An answer has a text of its own; all else is a publication's text.");
    if ((in->comments_count > 0) != answers)
        return cx_refuse(diag, CX_ERR(POLICY), "comments", "tracker-post-comments",
                         "An answer names the comments that it answers; nothing else does.");
    return CX_OK;
}

static cx_err check_bug(const struct making *m)
{
    const struct reading *r = &m->r;
    struct cx_diag *diag = r->request->diag;
    bool files = m->in->kind == API_TRACKER_POST_KIND_FILE;
    bool mails = m->in->kind == API_TRACKER_POST_KIND_MAIL;
    if (!r->has_tracker || !cx_str_is(r->tracker.state, "active"))
        return cx_refuse(diag, CX_ERR(CONFLICT), "", "tracker-unknown",
                         "No tracker is set, or it is disabled.");
    if (files && r->has_bug)
        return cx_refuse(diag, CX_ERR(CONFLICT), "kind", "tracker-filed",
                         "The incident has bug %lld.", (long long)r->bug.number);
    if (!files && !mails && !r->has_bug)
        return cx_refuse(diag, CX_ERR(CONFLICT), "kind", "tracker-bug-missing",
                         "The incident has no bug yet: file one, or name one that is there.");
    if (r->has_bug && r->bug.has_halted_us)
        return cx_refuse(diag, CX_ERR(CONFLICT), "kind", "tracker-halted",
                         "Bug %lld should be restricted and was seen without its group: nothing is "
                         "posted until somebody has checked it.",
                         (long long)r->bug.number);
    return CX_OK;
}

/* What is sensitive is not filed in the open by mistake. */
static cx_err check_sensitivity(const struct making *m)
{
    bool sensitive = m->account->incident.row.tracks & (1u << TRACK_SECURITY);
    if (m->in->kind != API_TRACKER_POST_KIND_FILE || m->in->has_restricted || !sensitive)
        return CX_OK;
    return cx_refuse(m->r.request->diag, CX_ERR(POLICY), "restricted", "tracker-sensitive",
                     "The incident is on the security track: say whether the bug is restricted.");
}

static cx_err check_publication(const struct making *m)
{
    const struct reading *r = &m->r;
    if (!m->in->has_publication_id)
        return CX_OK;
    if (!is_form_of(m->in->kind, r->publication.form, m->draft.restricted))
        return cx_refuse(r->request->diag, CX_ERR(POLICY), "kind", "tracker-post-form",
                         "A text of that form does not go out this way.");
    if (r->publication.posted_us && m->in->kind != API_TRACKER_POST_KIND_MAIL)
        return cx_refuse(r->request->diag, CX_ERR(CONFLICT), "publication_id", "publication-state",
                         "It was posted already.");
    return CX_OK;
}

static cx_err take_address(struct making *m)
{
    const struct reading *r = &m->r;
    if (m->in->kind != API_TRACKER_POST_KIND_MAIL)
        return CX_OK;
    m->draft.address = r->publication.form >= API_PUBLICATION_FORM_MICROSOFT_INITIAL
                           ? r->tracker.microsoft_address
                           : r->tracker.report_address;
    return m->draft.address.len
               ? CX_OK
               : cx_refuse(r->request->diag, CX_ERR(CONFLICT), "kind", "tracker-address",
                           "The tracker's settings have no address for this text.");
}

/* What people write goes through the gates that reports go through. */
static cx_err check_text(const struct making *m, struct cx_str text)
{
    struct gap_list gaps = {0};
    CX_TRY(gate_text(m->account, text, m->in->has_text, m->r.request->arena, &gaps));
    if (gaps.count == 0)
        return CX_OK;
    return cx_refuse(m->r.request->diag, CX_ERR(POLICY),
                     m->in->has_text ? "text" : "publication_id", gaps.gaps[0].gate, "%.*s",
                     CX_STR_ARG(gaps.gaps[0].text));
}

static cx_err write_answers(struct making *m)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(ANSWERS_MAX);
    for (size_t i = 0; i < m->in->comments_count; i++)
        CX_TRY(cx_buf_addf(&text, i ? " %lld" : "%lld", (long long)m->in->comments[i]));
    return arena_copy_str(m->r.request->arena, (struct cx_str){(const char *)text.ptr, text.len},
                          &m->row.answers);
}

static cx_err take_publication(struct making *m)
{
    struct api_request *request = m->r.request;
    struct cx_bytes list = CX_BYTES_NONE;
    struct field_place place = {m->row.tenant_id, "incident_publication", "body",
                                m->in->publication_id};
    CX_TRY(field_open_text(request->core, place, m->r.publication.body, request->arena,
                           &m->draft.text));
    if (m->r.publication.form != API_PUBLICATION_FORM_MICROSOFT_FINAL)
        return CX_OK;
    CX_TRY(certificate_list_write(request, m->account, MAIL_LIST_MAX, &list));
    return arena_printf(request->arena, &m->draft.text, "%.*s\nAffected certificates\n\n%.*s",
                        CX_STR_ARG(m->draft.text), (int)list.len, (const char *)list.ptr);
}

/* The text of the post, before its reference. */
static cx_err take_text(struct making *m)
{
    struct api_request *request = m->r.request;
    if (m->in->has_publication_id)
        return take_publication(m);
    if (m->in->has_text) {
        m->draft.text = m->in->text;
        return CX_OK;
    }
    struct cx_bytes list = CX_BYTES_NONE;
    struct field_place file = {m->row.tenant_id, "tracker_post", "attachment", m->row.post_id};
    CX_TRY(certificate_list_write(request, m->account, ATTACHMENT_MAX, &list));
    CX_TRY(crypto_sha256(list, m->draft.attachment_sha256));
    m->row.has_attachment = true;
    m->draft.obsoletes = m->r.last_list;
    CX_TRY(field_seal(request->core, file, list, request->arena, &m->row.attachment));
    return arena_printf(request->arena, &m->draft.text,
                        "The list of affected certificates, as of the time of this comment%s.",
                        m->draft.obsoletes ? "; it replaces the earlier one" : "");
}

static cx_err write_content(struct making *m)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf json = CX_BUF_INIT(CONTENT_MAX);
    struct api_request *request = m->r.request;
    struct cx_str text = CX_STR_NONE, whole = CX_STR_NONE;
    uint8_t digest[CRYPTO_SHA256_LEN];
    CX_TRY(content_text(&m->draft, request->arena, &text));
    CX_TRY(check_text(m, text));
    CX_TRY(content_write(&m->draft, text, &json));
    CX_TRY(crypto_sha256(cx_buf_view(&json), digest));
    CX_TRY(arena_copy(request->arena, CX_BYTES(digest, sizeof(digest)), &m->row.sha256));
    CX_TRY(
        arena_copy_str(request->arena, (struct cx_str){(const char *)json.ptr, json.len}, &whole));
    struct field_place place = {m->row.tenant_id, "tracker_post", "content", m->row.post_id};
    return field_seal_text(request->core, place, whole, request->arena, &m->row.content);
}

static cx_err write_post(struct store_tx *tx, void *arg)
{
    return row_tracker_post_insert(tx, arg);
}

static cx_err prepare(struct making *m)
{
    struct api_request *request = m->r.request;
    CX_TRY(cx_id_new_at(request->core->rng, request->now_us, &m->row.post_id));
    m->row.tenant_id = request->principal.tenant_id;
    m->row.incident_id = m->in->incident_id;
    m->row.has_publication_id = m->in->has_publication_id;
    m->row.publication_id = m->in->publication_id;
    m->row.kind = cx_str_from(api_enum_name(&api_enum_tracker_post_kind, (int)m->in->kind));
    m->row.state = CX_STR("drafted");
    m->row.author_id = request->principal.user_id;
    m->row.created_us = m->row.due_us = request->now_us;
    m->row.restricted = m->r.has_bug ? m->r.bug.restricted == 1 : m->in->restricted;
    m->draft = (struct content_draft){.tracker = &m->r.tracker,
                                      .kind = m->in->kind,
                                      .post_id = m->row.post_id,
                                      .incident_id = m->in->incident_id,
                                      .bug = m->r.bug.number,
                                      .restricted = m->row.restricted == 1,
                                      .title = m->account->title};
    CX_TRY(check_publication(m));
    CX_TRY(take_address(m));
    CX_TRY(write_answers(m));
    CX_TRY(take_text(m));
    return write_content(m);
}

cx_err handle_tracker_post_create(struct api_request *request,
                                  const struct api_tracker_post_create_in *in,
                                  struct api_tracker_post_create_out *ret_out)
{
    struct making m = {.r = {.request = request, .incident_id = in->incident_id}, .in = in};
    CX_TRY(check_members(&m));
    CX_TRY(account_read(request, in->incident_id, &m.account));
    m.r.has_publication = in->has_publication_id;
    m.r.publication_id = in->publication_id;
    CX_TRY(store_read(request->core->store, read_context, &m.r));
    CX_TRY(check_bug(&m));
    CX_TRY(check_sensitivity(&m));
    CX_TRY(prepare(&m));
    struct field_detail details[] = {{"kind", m.row.kind}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_post, &m.row));
    return show(request, in->incident_id, m.row.post_id, &ret_out->body);
}

/* ---- deciding ---- */

struct approving {
    struct api_request *request;
    struct row_tracker_post row;
    struct publication publication;
};

static cx_err write_approval(struct store_tx *tx, void *arg)
{
    struct approving *a = arg;
    struct api_request *request = a->request;
    cx_err err = tracker_post_approve(tx, &a->row);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "post_id", "tracker-post-state",
                         "It is no draft any more, or the incident has a bug, or a post that files "
                         "one.");
    CX_TRY(err);
    if (!a->row.has_publication_id)
        return CX_OK;
    err = publication_set_approved(tx, a->row.tenant_id, a->row.publication_id,
                                   request->principal.user_id, request->now_us);
    return err.code == CX_E_CONFLICT ? CX_OK : err; /* the text was approved before */
}

static cx_err read_publication(struct store_tx *tx, void *arg)
{
    struct approving *a = arg;
    return publication_find(tx, a->row.tenant_id, a->row.incident_id, a->row.publication_id,
                            a->request->arena, &a->publication);
}

static cx_err check_approver(struct approving *a, struct cx_str sha256, struct cx_str read)
{
    struct api_request *request = a->request;
    if (a->row.has_publication_id)
        CX_TRY(store_read(request->core->store, read_publication, a));
    if (cx_id_eq(a->row.author_id, request->principal.user_id) ||
        cx_id_eq(a->publication.author_id, request->principal.user_id))
        return cx_refuse(request->diag, CX_ERR(DENIED), "post_id", "author-approves",
                         "You made this text: somebody else has to approve it.");
    if (!cx_str_eq(sha256, read))
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "sha256", "publication-text",
                         "That is the hash of another text: read this one first.");
    return CX_OK;
}

cx_err handle_tracker_post_approve(struct api_request *request,
                                   const struct api_tracker_post_approve_in *in,
                                   struct api_tracker_post_approve_out *ret_out)
{
    struct reading r = {.request = request, .incident_id = in->incident_id, .post_id = in->post_id};
    struct approving a = {.request = request};
    struct cx_str sha256 = CX_STR_NONE;
    CX_TRY(load_post(&r));
    a.row = r.post;
    CX_TRY(page_hex_write(request->arena, a.row.sha256, &sha256));
    CX_TRY(check_approver(&a, sha256, in->sha256));
    a.row.approver_id = request->principal.user_id;
    a.row.approved_us = request->now_us;
    struct field_detail details[] = {{"sha256", sha256}, {"kind", a.row.kind}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_approval, &a));
    return show(request, in->incident_id, in->post_id, &ret_out->body);
}

static cx_err write_withdrawal(struct store_tx *tx, void *arg)
{
    const struct reading *r = arg;
    cx_err err =
        tracker_post_withdraw(tx, r->request->principal.tenant_id, r->post_id, r->request->now_us);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(r->request->diag, err, "post_id", "tracker-post-state",
                         "It is being sent, or is done: what was tried may be out already.");
    return err;
}

cx_err handle_tracker_post_withdraw(struct api_request *request,
                                    const struct api_tracker_post_withdraw_in *in,
                                    struct api_tracker_post_withdraw_out *ret_out)
{
    struct reading r = {.request = request, .incident_id = in->incident_id, .post_id = in->post_id};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(load_post(&r));
    CX_TRY(api_commit(request, &event, write_withdrawal, &r));
    return show(request, in->incident_id, in->post_id, &ret_out->body);
}

/* ---- as the tracker would show it ---- */

static cx_err ask_html(struct api_request *request, const struct row_tracker *tracker,
                       const struct content *content, struct tracker_answer *answer,
                       struct cx_str *ret_html)
{
    CX_CLEANUP(tracker_line_close) struct tracker_line line = {.key = CX_STR_NONE};
    CX_CLEANUP(cx_buf_clear) struct cx_buf body = CX_BUF_INIT(CONTENT_MAX);
    struct json_writer json = json_writer(&body);
    CX_TRY(tracker_line_open(request->core, request->arena, tracker, &line));
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_write_str(&json, "text", content->text));
    CX_TRY(json_end(&json));
    CX_TRY(tracker_ask(&line, OUTBOUND_TRACKER_POST, CX_STR("/bug/comment/render"),
                       cx_buf_view(&body), answer));
    if (answer->verdict != TRACKER_DONE)
        return cx_refuse(request->diag, CX_ERR(BUSY), "", "tracker-unreachable",
                         "The tracker does not render it: %s.", answer->text);
    cx_err err =
        bugzilla_html_parse(cx_buf_view(&answer->body), request->arena, request->diag, ret_html);
    if (cx_is_ok(err) || err.code == CX_E_NOMEM)
        return err;
    return cx_refuse(request->diag, CX_ERR(BUSY), "", "tracker-unreachable",
                     "The tracker's answer is no rendered text.");
}

cx_err handle_tracker_post_render(struct api_request *request,
                                  const struct api_tracker_post_render_in *in,
                                  struct api_tracker_post_render_out *ret_out)
{
    struct reading r = {.request = request, .incident_id = in->incident_id, .post_id = in->post_id};
    struct tracker_answer answer = {.body = CX_BUF_INIT(0)};
    struct content content;
    struct cx_str json = CX_STR_NONE;
    CX_TRY(load_post(&r));
    CX_TRY(store_read(request->core->store, read_context, &r));
    CX_TRY(open_content(request, &r.post, &json, &content));
    if (!r.has_tracker || !cx_str_is(r.tracker.state, "active"))
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "", "tracker-unknown",
                         "No tracker is set, or it is disabled.");
    if (r.post.restricted)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "post_id", "tracker-restricted",
                         "A restricted text is sent nowhere before it is approved.");
    cx_err err = ask_html(request, &r.tracker, &content, &answer, &ret_out->body.html);
    cx_buf_clear(&answer.body);
    return err;
}
