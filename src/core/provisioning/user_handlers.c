/* The routes under /scim/v2/Users: RFC 7644 §3. */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/access/credential.h"
#include "core/provisioning/answer.h"
#include "core/provisioning/user_write.h"

/* ---- showing ---- */

struct showing {
    struct scim_call *call;
    struct cx_id user_id;
    struct scim_user_shown user;
};

static cx_err read_groups_of(struct store_tx *tx, struct scim_call *call,
                             struct scim_user_shown *user)
{
    struct scim_group *groups = NULL;
    if (!scim_query_wants(&call->query, "groups"))
        return CX_OK;
    CX_TRY(scim_groups_of(tx, call->request->principal.tenant_id, call->client.user_id,
                          user->row.user_id, call->request->arena, &groups, &user->group_count));
    user->groups = groups;
    return CX_OK;
}

static cx_err read_user(struct store_tx *tx, void *arg)
{
    struct showing *s = arg;
    CX_TRY(scim_user_find(tx, s->call->request->principal.tenant_id, s->call->client.user_id,
                          s->user_id, s->call->request->arena, &s->user.row));
    return read_groups_of(tx, s->call, &s->user);
}

static cx_err show(struct scim_call *call, struct cx_id user_id, uint16_t status,
                   struct api_raw *raw)
{
    struct showing s = {.call = call, .user_id = user_id};
    cx_err err = store_read(call->request->core->store, read_user, &s);
    if (err.code == CX_E_NOTFOUND)
        return scim_refuse_unknown(call->request);
    CX_TRY(err);
    CX_TRY(scim_attributes_open(call->request, user_id, s.user.row.attributes, &s.user.attributes));
    return scim_send_user(call, raw, status, &s.user);
}

cx_err handle_scim_user_get(struct api_request *request, const struct api_scim_user_get_in *in,
                            struct api_scim_user_get_out *ret_out)
{
    struct scim_call call;
    struct cx_id user_id;
    CX_TRY(scim_open(&call, request));
    CX_TRY(scim_id_of(&call, CX_ID_USER, in->scim_id, &user_id));
    return show(&call, user_id, 0, &ret_out->raw);
}

/* ---- searching ---- */

struct search {
    struct scim_call *call;
    struct scim_key key;
    bool nothing; /* a term that nothing can fulfil */
    size_t offset, limit, count, total;
    struct scim_user *rows;
};

static cx_err refuse_filter(struct api_request *request)
{
    return cx_refuse(request->diag, CX_ERR(PARSE), "", "scim-filter",
                     "Users are found by userName, externalId, id or emails.value; active can be "
                     "said beside one of them.");
}

/* What the term is looked up by; SCIM_ALL: it is compared only. */
static cx_err key_of(struct search *search, const struct scim_term *term, struct scim_key *ret_key)
{
    struct api_request *request = search->call->request;
    struct scim_key key = {.kind = SCIM_ALL};
    if (scim_name_is(term->attribute, "id")) {
        key.kind = SCIM_BY_ID;
        search->nothing =
            search->nothing || cx_failed(cx_id_parse(CX_ID_USER, term->value, &key.id));
    } else if (scim_name_is(term->attribute, "userName")) {
        key.kind = SCIM_BY_NAME;
        CX_TRY(scim_user_name_index(request, term->value, &key.index));
    } else if (scim_name_is(term->attribute, "externalId")) {
        key.kind = SCIM_BY_EXTERNAL_ID;
        CX_TRY(scim_external_id_index(request, term->value, &key.index));
        search->nothing = search->nothing || key.index.len == 0;
    } else if (scim_name_is(term->attribute, "emails.value") ||
               scim_name_is(term->attribute, "emails")) {
        key.kind = SCIM_BY_EMAIL;
        CX_TRY(access_email_index(request->core, request->principal.tenant_id, term->value,
                                  request->arena, &key.index));
    } else if (!scim_name_is(term->attribute, "active")) {
        return refuse_filter(request);
    }
    *ret_key = key;
    return CX_OK;
}

static cx_err choose_key(struct search *search)
{
    const struct scim_filter *filter = &search->call->query.filter;
    for (size_t i = 0; i < filter->count; i++) {
        struct scim_key key;
        CX_TRY(key_of(search, &filter->terms[i], &key));
        if (search->key.kind == SCIM_ALL)
            search->key = key;
    }
    if (filter->count && search->key.kind == SCIM_ALL)
        return refuse_filter(search->call->request);
    return CX_OK;
}

static cx_err read_search(struct store_tx *tx, void *arg)
{
    struct search *s = arg;
    struct cx_id tenant_id = s->call->request->principal.tenant_id;
    if (s->key.kind == SCIM_ALL)
        CX_TRY(scim_user_total(tx, tenant_id, s->call->client.user_id, &s->total));
    return scim_user_search(tx, tenant_id, s->call->client.user_id, &s->key, s->offset, s->limit,
                            s->call->request->arena, s->rows, &s->count);
}

static bool same(struct cx_str a, struct cx_str b, bool exact)
{
    if (exact || a.len != b.len)
        return cx_str_eq(a, b);
    return a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

static bool term_holds(const struct scim_term *term, const struct scim_user_shown *user)
{
    const struct cx_str *text = user->attributes.text;
    char id[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_USER, user->row.user_id, id);
    if (scim_name_is(term->attribute, "id"))
        return cx_str_is(term->value, id);
    if (scim_name_is(term->attribute, "userName"))
        return same(text[SCIM_USER_NAME], term->value, false);
    if (scim_name_is(term->attribute, "externalId"))
        return same(text[SCIM_EXTERNAL_ID], term->value, true);
    if (scim_name_is(term->attribute, "active"))
        return scim_name_is(term->value, user->row.state != USER_DISABLED ? "true" : "false");
    return same(text[SCIM_EMAIL], term->value, false);
}

static bool holds(const struct scim_filter *filter, const struct scim_user_shown *user)
{
    for (size_t i = 0; i < filter->count; i++)
        if (!term_holds(&filter->terms[i], user))
            return false;
    return true;
}

struct listing {
    struct scim_call *call;
    struct scim_user_shown *users;
    size_t count;
};

static cx_err read_groups(struct store_tx *tx, void *arg)
{
    struct listing *l = arg;
    for (size_t i = 0; i < l->count; i++)
        CX_TRY(read_groups_of(tx, l->call, &l->users[i]));
    return CX_OK;
}

static cx_err answer_list(struct listing *l, size_t total, struct api_raw *raw)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(SCIM_ANSWER_MAX);
    struct json_writer json = json_writer(&out);
    CX_TRY(store_read(l->call->request->core->store, read_groups, l));
    CX_TRY(scim_list_begin(&json, total, l->call->query.start_index, l->count));
    for (size_t i = 0; i < l->count; i++)
        CX_TRY(scim_write_user(&json, l->call, &l->users[i]));
    CX_TRY(json_end(&json));
    CX_TRY(json_end(&json));
    return scim_send(l->call, raw, 0, &out);
}

/* Rows that were found by a key are compared with the whole filter and cut to the page here; they are few. */
static cx_err collect(struct search *search, struct listing *l)
{
    const struct scim_query *query = &search->call->query;
    bool all = search->key.kind == SCIM_ALL;
    size_t first = all ? 0 : query->start_index - 1, found = 0;
    CX_TRY(ARENA_NEW_ARRAY(search->call->request->arena, search->count, &l->users));
    for (size_t i = 0; i < search->count; i++) {
        struct scim_user_shown user = {.row = search->rows[i]};
        CX_TRY(scim_attributes_open(search->call->request, user.row.user_id, user.row.attributes,
                                    &user.attributes));
        if (!holds(&query->filter, &user))
            continue;
        if (found++ >= first && l->count < query->count)
            l->users[l->count++] = user;
    }
    if (!all)
        search->total = found;
    return CX_OK;
}

cx_err handle_scim_user_search(struct api_request *request,
                               const struct api_scim_user_search_in *in,
                               struct api_scim_user_search_out *ret_out)
{
    (void)in;
    struct scim_call call;
    struct search search = {.call = &call};
    struct listing l = {.call = &call};
    CX_TRY(scim_open(&call, request));
    CX_TRY(choose_key(&search));
    bool all = search.key.kind == SCIM_ALL;
    search.offset = all ? call.query.start_index - 1 : 0;
    search.limit = all ? call.query.count : SCIM_COUNT_MAX;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, search.limit, &search.rows));
    if (!search.nothing)
        CX_TRY(store_read(request->core->store, read_search, &search));
    CX_TRY(collect(&search, &l));
    return answer_list(&l, search.total, &ret_out->raw);
}

/* ---- changing ---- */

static cx_err refuse_first(struct api_request *request, const struct scim_refusals *refused)
{
    const struct cx_diag *first = &refused->diag;
    *request->diag = CX_DIAG_INIT;
    if (refused->operation == 0)
        return cx_refuse(request->diag, refused->err, first->field, first->rule, "%s", first->text);
    return cx_refuse(request->diag, refused->err, first->field, first->rule,
                     "Operation %zu was refused: %s", refused->operation, first->text);
}

/* What was refused never keeps somebody in who is to be out: RFC 7644 §3.5.2 would have nothing happen, and then a name
 * that is taken would keep a leaver's sessions open (docs/design/081-scim.md). */
static cx_err change(struct scim_call *call, struct cx_id user_id,
                     const struct scim_user_document *document, bool replace)
{
    struct api_request *request = call->request;
    cx_err err = document->refused.count
                     ? refuse_first(request, &document->refused)
                     : scim_user_change_write(call, user_id, &document->change, replace);
    if (err.code == CX_E_NOTFOUND)
        return scim_refuse_unknown(request);
    if (cx_is_ok(err) || !document->deactivates)
        return scim_refused_status(request, err);
    struct cx_diag why = *request->diag;
    *request->diag = CX_DIAG_INIT;
    cx_err done = scim_user_deactivate(call, user_id);
    if (done.code == CX_E_NOTFOUND)
        return scim_refuse_unknown(request);
    CX_TRY(done);
    if (!scim_is_refusal(err))
        return err;
    *request->diag = CX_DIAG_INIT;
    err = cx_refuse(request->diag, err, why.field, why.rule,
                    "The user was deactivated, nothing else was changed. %s", why.text);
    return scim_refused_status(request, err);
}

cx_err handle_scim_user_create(struct api_request *request,
                               const struct api_scim_user_create_in *in,
                               struct api_scim_user_create_out *ret_out)
{
    struct scim_call call;
    struct scim_user_document document;
    struct cx_id user_id;
    CX_TRY(scim_open(&call, request));
    CX_TRY(scim_user_read(in->body, request->arena, request->diag, &document));
    if (document.refused.count)
        return refuse_first(request, &document.refused);
    if (!document.change.set[SCIM_USER_NAME])
        return cx_refuse(request->diag, CX_ERR(PARSE), "userName", "scim-value",
                         "A user needs a userName.");
    CX_TRY(scim_user_insert(&call, &document.change, &user_id));
    return show(&call, user_id, 201, &ret_out->raw);
}

cx_err handle_scim_user_replace(struct api_request *request,
                                const struct api_scim_user_replace_in *in,
                                struct api_scim_user_replace_out *ret_out)
{
    struct scim_call call;
    struct scim_user_document document;
    struct cx_id user_id;
    CX_TRY(scim_open(&call, request));
    CX_TRY(scim_id_of(&call, CX_ID_USER, in->scim_id, &user_id));
    CX_TRY(scim_user_read(in->body, request->arena, request->diag, &document));
    CX_TRY(change(&call, user_id, &document, true));
    return show(&call, user_id, 0, &ret_out->raw);
}

cx_err handle_scim_user_patch(struct api_request *request, const struct api_scim_user_patch_in *in,
                              struct api_scim_user_patch_out *ret_out)
{
    struct scim_call call;
    struct scim_user_document document;
    struct cx_id user_id;
    CX_TRY(scim_open(&call, request));
    CX_TRY(scim_id_of(&call, CX_ID_USER, in->scim_id, &user_id));
    CX_TRY(scim_user_patch_read(in->body, request->arena, request->diag, &document));
    CX_TRY(change(&call, user_id, &document, false));
    return show(&call, user_id, 0, &ret_out->raw);
}

cx_err handle_scim_user_delete(struct api_request *request,
                               const struct api_scim_user_delete_in *in,
                               struct api_scim_user_delete_out *ret_out)
{
    struct scim_call call;
    struct cx_id user_id;
    CX_TRY(scim_open(&call, request));
    CX_TRY(scim_id_of(&call, CX_ID_USER, in->scim_id, &user_id));
    cx_err err = scim_user_leave(&call, user_id);
    if (err.code == CX_E_NOTFOUND)
        return scim_refuse_unknown(request);
    CX_TRY(err);
    return scim_send_nothing(&ret_out->raw);
}
